// Comes to the chat page from elsewhere: with a token that is none, and then with one.
// Called with the browser and the page's address, the token on standard input; prints what it saw
// as JSON.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [browserPath, address] = process.argv.slice(2);
const token = readFileSync(0, "utf8");
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "browser-")), {
  executablePath: browserPath, headless: true, args: QUIET,
});
const page = context.pages()[0] ?? (await context.newPage());
const complaints = [];
page.on("pageerror", (problem) => complaints.push(String(problem)));
page.on("console", (said) => said.type() === "error" && complaints.push(said.text()));

const hidden = () =>
  page.evaluate(() => ["#entrance", "main", "nav"].map((one) => document.querySelector(one).hidden));
const answer = "#messages li[data-role=assistant]:not([data-pending]) .text";

const seen = {};
await page.goto(address);
await page.waitForSelector("#entrance:not([hidden])");
seen.outside = await hidden();
await page.keyboard.type("nonsense");
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.querySelector("#problem p").textContent.includes("token"));
await page.waitForFunction(() => document.activeElement.name === "token" && document.activeElement.value === "");
seen.refused = await page.textContent("#problem p");
seen.again = await page.evaluate(() => [document.activeElement.value, document.activeElement.name]);
seen.again.push(...(await hidden()));

await page.keyboard.type(token);
await page.keyboard.press("Enter");
await page.waitForSelector("#text");
await page.fill("#text", "hello");
await page.keyboard.press("Enter");
await page.waitForSelector(answer);
seen.inside = await hidden();
seen.answer = await page.textContent(answer);
await page.reload();
await page.waitForSelector(answer);
seen.kept = await page.textContent(answer);
seen.complaints = complaints;
console.log(JSON.stringify(seen));
await context.close();

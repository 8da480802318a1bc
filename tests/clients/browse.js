// Uses the chat page as a person does, in a real browser.
// Called with the browser and the page's address; says "restart" when its server is to be killed
// and started again, and prints what it saw as JSON at the end.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [browserPath, address, shots] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "browser-")), {
  executablePath: browserPath, headless: true, args: QUIET, viewport: { width: 1100, height: 700 },
});
const page = context.pages()[0] ?? (await context.newPage());
const complaints = [];
page.on("pageerror", (problem) => complaints.push(String(problem)));
page.on("console", (said) => said.type() === "error" && complaints.push(said.text()));

const connected = () => page.waitForSelector("#connection[data-state=open]");
const shoot = (name) => (shots ? page.screenshot({ path: join(shots, `${name}.png`) }) : null);
const texts = (selector) => page.locator(selector).allTextContents();

async function say(text) {
  await page.fill("#say textarea", text);
  await page.click("#say button:not([type=button])");
  await page.waitForSelector(`#messages li[data-role=assistant]:has-text("Echo: ${text}"):not([data-pending])`);
}

const seen = {};
await page.goto(address);
await connected();
await say("tell me of apples");
seen.first = await texts("#messages .text");
await page.click("#new-chat");
await say("and of pears");
await shoot("chat");

await page.reload();
await connected();
await page.waitForSelector("#messages li");
seen.reloaded = await texts("#messages .text");
seen.chats = await texts("#chats li button:first-child");

await page.fill("#search", "apple");
await page.waitForSelector("#found li");
seen.found = await texts("#found li small");
await page.click("#found li button");
await page.fill("#search", "");
await page.waitForSelector('#messages li:has-text("apples")');

await page.click("button[data-pane=settings]");
await page.selectOption("#preferences [name=theme]", "light");
await page.waitForSelector("html[data-theme=light]");
await shoot("settings");
await page.click("button[data-pane=conversation]");

await page.click("button[data-pane=images]");
await page.fill("#draw [name=prompt]", "a boat");
await page.click("#draw button");
await page.waitForFunction(() => document.querySelector("#gallery img")?.naturalWidth > 0);
seen.drawn = await page.getAttribute("#gallery img", "alt");
await shoot("images");
await page.click("button[data-pane=conversation]");

console.log("restart");
await page.waitForSelector("#connection:not([data-state=open])", { timeout: 60_000 });
seen.dropped = await page.textContent("#connection");
await connected();
seen.complaints = complaints.filter((one) => !one.includes("WebSocket"));
await say("are you back");
seen.back = await texts("#messages .text");
await shoot("back");
console.log(JSON.stringify(seen));
await context.close();

// Uses the chat page on a narrow screen, by keyboard, and sees what it says when something fails.
// Called with the browser and the page's address; says "restart" when its server is to be killed,
// "down" when it is to be started again, and prints what it saw as JSON at the end.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [browserPath, address] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "browser-")), {
  executablePath: browserPath, headless: true, args: QUIET, viewport: { width: 390, height: 844 },
});
const page = context.pages()[0] ?? (await context.newPage());
const complaints = [];
page.on("pageerror", (problem) => complaints.push(String(problem)));
page.on("console", (said) => said.type() === "error" && complaints.push(said.text()));
page.on("dialog", (dialog) => dialog.accept());

const connected = () => page.waitForSelector("#connection[data-state=open]");
const pane = (name) => page.click(`button[data-pane=${name}]`);
const emptiness = () => Promise.all(["#empty", "#hint"].map((one) => page.textContent(one)));
const answer = (text) => `#messages li[data-role=assistant]:has-text("${text}"):not([data-pending])`;

async function press(...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

/** Whatever can be used has a name for those who do not see it. */
const nameless = () =>
  page.evaluate(() =>
    [...document.querySelectorAll("button, input, select, textarea")]
      .filter((one) => !(one.labels?.length || one.ariaLabel || one.textContent.trim()))
      .map((one) => one.outerHTML),
  );
const tooWide = () =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("body *")].filter((one) => !one.closest(".unseen"));
    return all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 60));
  });

const seen = { nameless: [], "too wide": [] };
async function inspect() {
  seen.nameless.push(...(await nameless()));
  seen["too wide"].push(...(await tooWide()));
}

await page.goto(address);
await connected();
await page.waitForFunction(() => document.querySelector("#empty").textContent !== "");
seen.empty = await emptiness();
await pane("settings");
await page.selectOption("#preferences [name=fontSize]", "28");
await page.waitForFunction(() => document.documentElement.style.fontSize === "200%");
for (const name of ["settings", "images", "conversation"]) {
  await pane(name);
  await inspect();
}

// an answer is stopped, and what there was of it stays
await page.focus("#text");
await page.keyboard.type("one two three four five six seven eight nine ten eleven");
await press("Enter");
await page.waitForSelector("#messages li[data-pending]:has-text('Echo: one')");
await press("Tab", "Tab", "Enter");
await page.waitForSelector(answer("Echo: one"));
seen.stopped = await page.textContent(`${answer("Echo: one")} .text`);
await inspect();

const like = page.locator(`${answer("Echo: one")} button`);
seen.liked = [await like.getAttribute("aria-pressed")];
await like.focus();
await press("Enter");
await page.waitForSelector("#messages button[aria-pressed=true]");
seen.liked.push(await page.evaluate(() => document.activeElement.ariaPressed));
await page.reload();
await connected();
await page.waitForSelector("#messages button");
seen.liked.push(await page.getAttribute("#messages button", "aria-pressed"));

await page.click("#show-list");
await page.fill("#search", "zebra");
await page.waitForFunction(() => document.querySelector("#empty").textContent === "Nothing found.");
seen["nothing found"] = await page.textContent("#empty");
await page.fill("#search", "");
await page.click("#chats li button");

// nobody can be asked
const provider = "#preferences [name=provider]";
const choose = async (name) => {
  await pane("settings");
  await page.evaluate((field) => {
    for (const option of document.querySelector(field).options) option.disabled = false;
  }, provider);
  await page.selectOption(provider, name);
  await page.waitForFunction(() => document.querySelector("#preferences [name=model]").value !== "");
  await page.waitForTimeout(500);
  await pane("conversation");
};
await choose("openai");
await page.fill("#text", "hello?");
await press("Enter");
await page.waitForSelector("#unanswered:not([hidden])");
seen.unanswered = await page.textContent("#unanswered span");
await inspect();
await choose("echo");
await page.click("#unanswered button");
await page.waitForSelector(answer("Echo: hello?"));
seen["asked again"] = await page.locator("#messages .text").last().textContent();

// the server is gone
console.log("restart");
await page.waitForSelector("#connection:not([data-state=open])", { timeout: 60_000 });
await page.fill("#text", "is this lost?");
await press("Enter");
await page.waitForSelector("#problem:not([hidden])");
seen["not sent"] = await page.textContent("#problem p");
seen.kept = await page.inputValue("#text");
await inspect();
console.log("down");
await connected();
await page.focus("#text");
await press("Enter");
await page.waitForSelector(answer("Echo: is this lost?"));
seen["sent later"] = await page.locator("#messages .text").last().textContent();

await page.click("#show-list");
await page.click("#chats li button:last-child");
await page.waitForFunction(() => document.querySelector("#empty").textContent !== "");
seen["after deleting"] = await emptiness();
seen.complaints = complaints.filter((one) => !one.includes("WebSocket"));
console.log(JSON.stringify(seen));
await context.close();

// Asks the server more than it allows at a time, and tries again as it is told to.
// Called with the client's module, the URL and how many; prints what came of it as JSON.
import { WebSocket } from "ws";

const [module, url, count] = process.argv.slice(2);
const { ChannelClient, ChannelError } = await import(module);
const client = new ChannelClient({ url, WebSocket });
await client.connect();

let limited = 0;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function ask(number) {
  for (;;) {
    try {
      const chat = await client.sendMessage("chat:create", { title: `chat ${number}` });
      return chat.title === `chat ${number}`;
    } catch (problem) {
      if (!(problem instanceof ChannelError) || problem.code !== "RATE_LIMITED") throw problem;
      limited += 1;
      await pause(problem.retryAfterMs + Math.random() * 2000);
    }
  }
}

const answers = await Promise.all(Array.from({ length: Number(count) }, (_, number) => ask(number)));
const listed = [];
for (let offset = 0; offset < Number(count); offset += 200) {
  await pause(1100);
  listed.push(...(await client.sendMessage("chat:list", { limit: 200, offset })));
}
const titles = new Set(listed.map((chat) => chat.title));
console.log(JSON.stringify({ right: answers.filter(Boolean).length, kept: titles.size, limited }));
client.disconnect();

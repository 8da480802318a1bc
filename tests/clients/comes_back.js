// Lives through the end of its server and the start of another one.
// Called with the client's module and the URL; says on standard output what it sees.
import { WebSocket } from "ws";

const [module, url] = process.argv.slice(2);
const { ChannelClient } = await import(module);
const client = new ChannelClient({ url, WebSocket, reconnectInterval: 200, maxReconnectAttempts: 40 });
client.onMessage("connection:state", ({ state }) => console.log(state));
await client.connect();
const chat = await client.sendMessage("chat:create", { title: "before" });
client
  .sendMessage("ai:chat", { provider: "never", model: "x", messages: [] })
  .catch(() => console.log("asked"));

const again = new Promise((resolve) => {
  let opened = 0;
  client.onMessage("connection:state", ({ state }) => state === "open" && ++opened === 1 && resolve());
});
console.log("ready");
await again;
const found = await client.sendMessage("chat:get", { id: chat.id });
console.log(`found ${found.title}`);
client.disconnect();

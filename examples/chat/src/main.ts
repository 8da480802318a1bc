import { ChannelClient, type ConnectionState } from "mentra-channels";
import { Chats } from "./chats.js";
import { Conversation } from "./conversation.js";
import { attempt, byId, complain } from "./dom.js";
import { Images } from "./images.js";
import { Preferences } from "./preferences.js";
import { whereTo } from "./where.js";

const TOKEN = "mentra-token";
const WORDS: Record<ConnectionState, string> = {
  connecting: "connecting",
  open: "connected",
  closing: "closing",
  closed: "not connected",
};

function showState(state: ConnectionState): void {
  const status = byId("connection");
  status.textContent = WORDS[state];
  status.dataset.state = state;
}

function show(client: ChannelClient): void {
  const preferences = new Preferences(client);
  const chats: Chats = new Chats(client, (chat) => attempt(() => conversation.open(chat)));
  const conversation = new Conversation(client, preferences, () => chats.create());
  const images = new Images(client);
  client.onMessage("connection:state", ({ state }) => {
    showState(state);
    if (state !== "open") return;
    document.querySelector("main")!.hidden = false;
    byId("entrance").hidden = true;
    byId("problem").hidden = true;
    // what happened while there was no connection was told to nobody
    for (const part of [preferences, chats, images]) attempt(() => part.load());
  });
  client.onMessage("connection:failed", () => complain("The server does not answer. Reload to try again."));
}

function watchPanes(): void {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("[data-pane]")];
  for (const button of buttons) {
    button.onclick = () => {
      for (const other of buttons) {
        other.setAttribute("aria-pressed", String(other === button));
        byId(other.dataset.pane!).hidden = other !== button;
      }
    };
  }
}

/** The token that was kept, or the one that is typed in now. */
function askForToken(): Promise<string> {
  const kept = sessionStorage.getItem(TOKEN);
  if (kept !== null) return Promise.resolve(kept);
  const form = byId<HTMLFormElement>("entrance");
  form.hidden = false;
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      const { value } = form.elements.namedItem("token") as HTMLInputElement;
      resolve(value.trim());
    };
  });
}

async function enter(): Promise<void> {
  const { url, needsToken } = await whereTo(location);
  if (!needsToken) {
    const client = new ChannelClient({ url });
    show(client);
    client.start();
    return;
  }
  const token = await askForToken();
  const client = new ChannelClient({ url, token });
  client.onMessage("connection:refused", () => {
    sessionStorage.removeItem(TOKEN);
    complain("The server does not know this token.");
    attempt(enter);
  });
  sessionStorage.setItem(TOKEN, token);
  show(client);
  client.start();
}

watchPanes();
attempt(enter);

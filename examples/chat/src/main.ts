import { ChannelClient, ChannelError, type ConnectionState } from "mentra-channels";
import { Chats } from "./chats.js";
import { Conversation } from "./conversation.js";
import { attempt, byId, complain } from "./dom.js";
import { Images } from "./images.js";
import { Preferences } from "./preferences.js";
import { whereTo } from "./where.js";

const TOKEN = "mentra-token";

/** Say how it stands, once: whoever has it read out need not hear of each try. */
function showState(state: ConnectionState, words: string): void {
  const status = byId("connection");
  status.dataset.state = state;
  if (status.textContent !== words) status.textContent = words;
}

/** Show what there is, or what it takes to come in. */
function showInside(inside: boolean): void {
  for (const part of document.querySelectorAll<HTMLElement>("main, nav")) part.hidden = !inside;
  byId("entrance").hidden = inside;
}

/** Have `work` done; that the connection is gone is said where the others are told. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof ChannelError) || problem.code !== "CONNECTION_CLOSED") complain(problem);
  }
}

function show(client: ChannelClient): void {
  const preferences = new Preferences(client);
  const chats: Chats = new Chats(client, (chat, messageId) => attempt(() => conversation.open(chat, messageId)));
  const conversation = new Conversation(client, preferences, () => chats.create());
  const images = new Images(client);
  let wasThere = false;
  client.onMessage("connection:state", ({ state }) => {
    if (state !== "open") {
      return showState(state, wasThere ? "Not connected, trying again …" : "Connecting …");
    }
    showState(state, "Connected");
    wasThere = true;
    byId("problem").hidden = true;
    void unlessGone(async () => {
      // what happened while there was no connection was told to nobody
      await preferences.load();
      showInside(true);
      await Promise.all([chats.load(), images.load()]);
    });
  });
  client.onMessage("connection:failed", () => {
    showState("closed", "Not connected");
    complain("The server does not answer.", () => client.start());
  });
}

function watchPanes(): void {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("button[data-pane]")];
  for (const button of buttons) {
    button.onclick = () => {
      document.querySelector("main")!.dataset.pane = button.dataset.pane;
      for (const other of buttons) {
        other.ariaPressed = String(other === button);
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
  const field = form.elements.namedItem("token") as HTMLInputElement;
  showState("closed", "Not connected");
  form.reset();
  showInside(false);
  field.focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      resolve(field.value.trim());
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

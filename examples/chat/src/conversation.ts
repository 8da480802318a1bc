import { chatStream, type ChannelClient, type Chat, type Message } from "mentra-channels";
import { attempt, byId, make } from "./dom.js";
import type { Preferences } from "./preferences.js";

type Turn = { role: "user" | "assistant" | "system"; content: string };

const LONGEST_TITLE = 40;

/** One chat: its messages, and an answer as it grows. */
export class Conversation {
  readonly #client: ChannelClient;
  readonly #preferences: Preferences;
  readonly #list = byId("messages");
  readonly #shown = new Map<string, HTMLElement>();
  #chat: Chat | null = null;
  #giving: AbortController | null = null;

  constructor(client: ChannelClient, preferences: Preferences, create: () => Promise<Chat>) {
    this.#client = client;
    this.#preferences = preferences;
    const form = byId<HTMLFormElement>("say");
    const text = form.elements.namedItem("text") as HTMLTextAreaElement;
    form.onsubmit = (event) => {
      event.preventDefault();
      const said = text.value.trim();
      if (!said || this.#giving !== null) return;
      text.value = "";
      attempt(async () => this.#say(this.#chat ?? (await create()), said));
    };
    text.onkeydown = (event) => {
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        form.requestSubmit();
      }
    };
    byId("stop").onclick = () => this.#giving?.abort(new Error("The answer was stopped"));
    client.onMessage("chat:updated", (changed) => {
      if (changed.id !== this.#chat?.id) return;
      this.#chat = changed;
      byId("title").textContent = changed.title;
    });
    client.onMessage("chat:message-added", (message) => {
      if (message.chatId === this.#chat?.id) this.#show(message);
    });
  }

  /** Show `chat`, or nothing. */
  async open(chat: Chat | null): Promise<void> {
    const again = chat !== null && chat.id === this.#chat?.id;
    this.#chat = chat;
    byId("title").textContent = chat?.title ?? "";
    if (!again) this.#clear();
    if (chat === null) return;
    const page = await this.#client.sendMessage("chat:get-messages", { chatId: chat.id, limit: 200 });
    if (this.#chat?.id !== chat.id) return;
    this.#clear();
    page.messages.forEach((message) => this.#show(message));
  }

  async #say(chat: Chat, said: string): Promise<void> {
    const chatId = chat.id;
    await this.#client.sendMessage("chat:add-message", { chatId, role: "user", content: said });
    if (chat.messageCount === 0) {
      const title = said.length > LONGEST_TITLE ? `${said.slice(0, LONGEST_TITLE)}…` : said;
      await this.#client.sendMessage("chat:update", { id: chatId, title });
    }
    const page = await this.#client.sendMessage("chat:get-messages", { chatId, limit: 50 });
    await this.#answer(chat, page.messages.map(turnOf));
  }

  async #answer(chat: Chat, messages: Turn[]): Promise<void> {
    const { provider, model, temperature, streamResponses } = this.#preferences.current;
    const growing = make("li");
    growing.dataset.role = "assistant";
    growing.dataset.pending = "";
    this.#list.append(growing);
    const giving = (this.#giving = new AbortController());
    byId("stop").hidden = false;
    try {
      const answer = await chatStream(
        this.#client,
        { provider, model, messages, temperature },
        (piece) => {
          if (!streamResponses || piece.type !== "text") return;
          growing.append(piece.text ?? "");
          growing.scrollIntoView({ block: "nearest" });
        },
        { signal: giving.signal },
      );
      const message = await this.#client.sendMessage("chat:add-message", {
        chatId: chat.id,
        role: "assistant",
        content: answer.content,
        model: answer.model,
        tokenCount: answer.usage.outputTokens,
      });
      if (this.#chat?.id === chat.id) this.#show(message);
    } finally {
      growing.remove();
      this.#giving = null;
      byId("stop").hidden = true;
    }
  }

  #show(message: Message): void {
    const there = this.#shown.get(message.id);
    const item = there ?? make("li");
    item.dataset.role = message.role;
    item.textContent = textOf(message);
    if (there === undefined) {
      this.#shown.set(message.id, item);
      this.#list.append(item);
      item.scrollIntoView({ block: "nearest" });
    }
  }

  #clear(): void {
    this.#shown.clear();
    this.#list.replaceChildren();
  }
}

function textOf(message: Message): string {
  return message.content
    .map((block) => ("value" in block && typeof block.value === "string" ? block.value : `[${block.type}]`))
    .join("\n");
}

function turnOf(message: Message): Turn {
  return { role: message.role, content: textOf(message) };
}

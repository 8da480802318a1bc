import { chatStream, type ChannelClient, type Chat } from "mentra-channels";
import { announce, attempt, byId, complain, wordsOf } from "./dom.js";
import { Messages, textOf } from "./messages.js";
import type { Preferences } from "./preferences.js";

const LONGEST_TITLE = 40;
/** Messages that the model is told. */
const REMEMBERED = 50;

/** One chat: what is said in it, and an answer as it grows. */
export class Conversation {
  readonly #client: ChannelClient;
  readonly #preferences: Preferences;
  readonly #create: () => Promise<Chat>;
  readonly #messages: Messages;
  readonly #text = byId<HTMLTextAreaElement>("text");
  #chat: Chat | null = null;
  #giving: AbortController | null = null;

  constructor(client: ChannelClient, preferences: Preferences, create: () => Promise<Chat>) {
    this.#client = client;
    this.#preferences = preferences;
    this.#create = create;
    this.#messages = new Messages(client);
    const form = byId<HTMLFormElement>("say");
    form.onsubmit = (event) => {
      event.preventDefault();
      attempt(() => this.#submitted());
    };
    this.#text.onkeydown = (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    };
    byId("stop").onclick = () => {
      this.#text.focus();
      this.#giving?.abort();
    };
    byId("unanswered").querySelector("button")!.onclick = () => {
      const chat = this.#chat;
      if (chat === null) return;
      this.#text.focus();
      attempt(() => this.#answer(chat.id));
    };
    client.onMessage("chat:updated", (changed) => {
      if (changed.id === this.#chat?.id) this.#take(changed);
    });
    client.onMessage("chat:message-added", (message) => {
      if (message.chatId !== this.#chat?.id) return;
      this.#messages.show(message);
      this.#unanswered(null);
    });
    client.onMessage("chat:message-updated", (message) => {
      if (message.chatId === this.#chat?.id) this.#messages.show(message);
    });
  }

  /** Show `chat` (with that message of it), or nothing. */
  async open(chat: Chat | null, messageId?: string): Promise<void> {
    this.#take(chat);
    this.#unanswered(null);
    if (chat === null) return this.#messages.clear();
    await this.#messages.open(chat.id, messageId);
    const isWaiting = this.#messages.last === "user" && this.#giving === null;
    if (this.#chat?.id === chat.id && isWaiting) this.#unanswered("This has no answer yet.");
  }

  #take(chat: Chat | null): void {
    this.#chat = chat;
    byId("title").textContent = chat?.title ?? "New chat";
  }

  #unanswered(why: string | null): void {
    const notice = byId("unanswered");
    notice.hidden = why === null;
    notice.querySelector("span")!.textContent = why ?? "";
    if (why !== null) notice.scrollIntoView({ block: "nearest" });
  }

  async #submitted(): Promise<void> {
    const said = this.#text.value.trim();
    if (!said) return;
    if (this.#giving !== null) return complain("An answer is on its way: wait for it, or stop it.");
    this.#text.value = "";
    let chat: Chat;
    try {
      chat = await this.#say(said);
    } catch (problem) {
      // what somebody wrote is not lost with the connection
      if (this.#text.value === "") this.#text.value = said;
      throw new Error(`It was not sent. ${wordsOf(problem)}`);
    }
    await this.#answer(chat.id);
  }

  async #say(said: string): Promise<Chat> {
    const chat = this.#chat ?? (await this.#create());
    const chatId = chat.id;
    const message = { chatId, role: "user" as const, content: said };
    this.#messages.show(await this.#client.sendMessage("chat:add-message", message));
    if (chat.messageCount === 0 && this.#preferences.current.autoGenerateTitle) {
      const title = said.length > LONGEST_TITLE ? `${said.slice(0, LONGEST_TITLE)}…` : said;
      await this.#client.sendMessage("chat:update", { id: chatId, title });
    }
    return chat;
  }

  async #answer(chatId: string): Promise<void> {
    this.#unanswered(null);
    const giving = (this.#giving = new AbortController());
    byId("stop").hidden = false;
    announce("The assistant is answering.");
    const growing = this.#messages.growing();
    let text = "";
    try {
      const { content, model, usage } = await this.#ask(chatId, giving.signal, (piece) => {
        text += piece;
        if (this.#preferences.current.streamResponses) growing.add(piece);
      });
      await this.#keep(chatId, { content, model, tokenCount: usage.outputTokens });
    } catch (problem) {
      const isStopped = giving.signal.aborted;
      const why = isStopped ? "The answer was stopped." : `There is no answer. ${wordsOf(problem)}`;
      if (isStopped && text) await this.#keep(chatId, { content: `${text} …` });
      else if (this.#chat?.id === chatId) this.#unanswered(why);
    } finally {
      growing.remove();
      this.#giving = null;
      byId("stop").hidden = true;
    }
  }

  async #ask(chatId: string, signal: AbortSignal, told: (piece: string) => void) {
    const { temperature } = this.#preferences.current;
    const chat = await this.#client.sendMessage("chat:get", { id: chatId });
    const page = await this.#client.sendMessage("chat:get-messages", { chatId, limit: REMEMBERED });
    const messages = page.messages.map((one) => ({ role: one.role, content: textOf(one) }));
    const { provider, model } = this.#preferences.modelFor(chat);
    const request = { provider, model, messages, temperature, systemPrompt: chat?.systemPrompt };
    return chatStream(
      this.#client,
      request,
      (piece) => piece.type === "text" && told(piece.text ?? ""),
      { signal },
    );
  }

  async #keep(chatId: string, answer: { content: string; model?: string; tokenCount?: number }): Promise<void> {
    const added = await this.#client.sendMessage("chat:add-message", { chatId, role: "assistant", ...answer });
    announce(`The assistant: ${answer.content}`);
    if (this.#chat?.id === chatId) this.#messages.show(added);
  }
}

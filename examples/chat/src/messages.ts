import type { ChannelClient, Message } from "mentra-channels";
import { attempt, button, byId, make } from "./dom.js";

const NAMES: Record<Message["role"], string> = { user: "You", assistant: "Assistant", system: "System" };
const AT_A_TIME = 100;
/** Pixels from the end within which somebody is thought to be reading there. */
const NEAR = 80;

/** The messages of one chat, as far as they are shown. */
export class Messages {
  readonly #client: ChannelClient;
  readonly #list = byId("messages");
  readonly #scroll = byId("scroll");
  readonly #shown = new Map<string, HTMLLIElement>();
  #chatId: string | null = null;
  #before: string | null = null;
  /** Who wrote the last one. */
  last: Message["role"] | null = null;

  constructor(client: ChannelClient) {
    this.#client = client;
    byId("earlier").onclick = () => attempt(() => this.#earlier());
  }

  /** Show those of a chat, until the one of that id is among them. */
  async open(chatId: string, until?: string): Promise<void> {
    if (chatId !== this.#chatId) this.clear();
    this.#chatId = chatId;
    const page = await this.#client.sendMessage("chat:get-messages", { chatId, limit: AT_A_TIME });
    if (chatId !== this.#chatId) return;
    this.clear();
    this.#chatId = chatId;
    page.messages.forEach((message) => this.show(message));
    this.#more(page.nextBefore);
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    while (until !== undefined && !this.#shown.has(until) && this.#before !== null) await this.#earlier();
    const wanted = until === undefined ? undefined : this.#shown.get(until);
    wanted?.scrollIntoView({ block: "center" });
    wanted?.focus({ preventScroll: true });
  }

  clear(): void {
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#chatId = this.last = null;
    this.#more(null);
    this.#hint();
  }

  /** Show one at the end, or what has become of it. */
  show(message: Message): void {
    const there = this.#shown.get(message.id);
    if (there !== undefined) return there.replaceWith(this.#item(message));
    this.last = message.role;
    this.#following(() => this.#list.append(this.#item(message)));
    this.#hint();
  }

  /** An answer that grows with each text that it is given, until it is removed. */
  growing(): { add(text: string): void; remove(): void } {
    const text = make("div", { className: "text" });
    const item = make("li", { ariaBusy: "true" }, make("p", { className: "who" }, "Assistant"), text);
    item.dataset.role = "assistant";
    item.dataset.pending = "";
    this.#following(() => this.#list.append(item));
    return {
      add: (piece) => this.#following(() => text.append(piece)),
      remove: () => item.remove(),
    };
  }

  /** Do it, and stay at the end if that is where somebody reads. */
  #following(change: () => void): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    change();
    if (near) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  async #earlier(): Promise<void> {
    const chatId = this.#chatId;
    if (chatId === null || this.#before === null) return;
    const asked = { chatId, limit: AT_A_TIME, before: this.#before };
    const page = await this.#client.sendMessage("chat:get-messages", asked);
    if (chatId !== this.#chatId) return;
    const height = this.#scroll.scrollHeight;
    this.#list.prepend(...page.messages.map((message) => this.#item(message)));
    this.#more(page.nextBefore);
    this.#scroll.scrollTop += this.#scroll.scrollHeight - height;
  }

  #more(before: string | null): void {
    this.#before = before;
    byId("earlier").hidden = before === null;
  }

  #hint(): void {
    byId("hint").hidden = this.#shown.size > 0;
  }

  #item(message: Message): HTMLLIElement {
    const at = new Date(message.timestamp);
    const when = make("time", { dateTime: message.timestamp, title: at.toLocaleString() }, at.toLocaleTimeString());
    const who = make("p", { className: "who" }, `${NAMES[message.role]}, `, when);
    const item = make("li", { tabIndex: -1 }, who, make("div", { className: "text" }, textOf(message)));
    item.dataset.role = message.role;
    if (message.role === "assistant") item.append(this.#like(message));
    this.#shown.set(message.id, item);
    return item;
  }

  #like({ id, isLiked }: Message): HTMLButtonElement {
    const like = button(isLiked ? "♥ Liked" : "♡ Like", () =>
      attempt(async () => {
        this.show(await this.#client.sendMessage("chat:update-message", { id, isLiked: !isLiked }));
        this.#shown.get(id)?.querySelector("button")?.focus({ preventScroll: true });
      }),
    );
    like.ariaPressed = String(isLiked);
    like.ariaLabel = "Like this answer";
    return like;
  }
}

/** What is to be read of a message. */
export function textOf(message: Message): string {
  return message.content
    .map((block) => ("value" in block && typeof block.value === "string" ? block.value : `[${block.type}]`))
    .join("\n");
}

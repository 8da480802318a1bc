import type { ChannelClient, Chat, SearchResult } from "mentra-channels";
import { attempt, button, byId, fill, make } from "./dom.js";

type Choose = (chat: Chat | null, messageId?: string) => void;

/** The list of chats, and what a search finds in them. */
export class Chats {
  readonly #client: ChannelClient;
  readonly #choose: Choose;
  readonly #entries = new Map<string, HTMLLIElement>();
  readonly #search = byId<HTMLInputElement>("search");
  #chats: Chat[] = [];
  #current: string | null = null;

  constructor(client: ChannelClient, choose: Choose) {
    this.#client = client;
    this.#choose = choose;
    byId("new-chat").onclick = () => attempt(() => this.#begin());
    this.#search.oninput = () => attempt(() => this.#find(this.#search.value));
    byId("show-list").onclick = () => this.#open(byId("show-list").ariaExpanded !== "true");
    client.onMessage("chat:created", (chat) => this.#keep(chat));
    client.onMessage("chat:updated", (chat) => this.#keep(chat));
    client.onMessage("chat:deleted", ({ id }) => this.#forget(id));
  }

  /** Read them anew: at the start, and whenever the connection is back. */
  async load(): Promise<void> {
    this.#chats = await this.#client.sendMessage("chat:list", { limit: 200 });
    const current = this.#chats.find((chat) => chat.id === this.#current) ?? this.#chats[0];
    this.#show();
    this.#select(current ?? null);
  }

  async create(): Promise<Chat> {
    const chat = await this.#client.sendMessage("chat:create", {});
    this.#keep(chat);
    this.#select(chat);
    return chat;
  }

  async #begin(): Promise<void> {
    await this.create();
    this.#open(false);
    byId("text").focus();
  }

  /** On a narrow screen the list comes in place of the chat. */
  #open(open: boolean): void {
    byId("show-list").ariaExpanded = String(open);
    document.querySelector("main")!.dataset.list = open ? "open" : "";
  }

  #select(chat: Chat | null, messageId?: string): void {
    this.#current = chat?.id ?? null;
    this.#show();
    this.#choose(chat, messageId);
  }

  #keep(chat: Chat): void {
    this.#chats = [chat, ...this.#chats.filter((other) => other.id !== chat.id)];
    this.#chats.sort((one, other) => other.updatedAt.localeCompare(one.updatedAt));
    this.#show();
  }

  #forget(id: string): void {
    this.#chats = this.#chats.filter((chat) => chat.id !== id);
    this.#entries.delete(id);
    if (this.#current === id) this.#select(this.#chats[0] ?? null);
    else this.#show();
  }

  #show(): void {
    fill(byId("chats"), this.#chats.map((chat) => this.#entry(chat)));
    if (!this.#search.value.trim()) byId("empty").textContent = this.#chats.length ? "" : "There are no chats yet.";
  }

  #entry(chat: Chat): HTMLLIElement {
    let entry = this.#entries.get(chat.id);
    if (entry === undefined) {
      const open = button("", () => this.#chosen(chat.id));
      entry = make("li", {}, open, button("×", () => this.#remove(chat.id)));
      this.#entries.set(chat.id, entry);
    }
    const [open, remove] = entry.querySelectorAll("button");
    open!.textContent = open!.title = chat.title;
    remove!.title = remove!.ariaLabel = `Delete ${chat.title}`;
    open!.ariaCurrent = chat.id === this.#current ? "true" : null;
    return entry;
  }

  #chosen(id: string, messageId?: string): void {
    attempt(async () => {
      const listed = this.#chats.find((chat) => chat.id === id);
      this.#select(listed ?? (await this.#client.sendMessage("chat:get", { id })), messageId);
      this.#open(false);
    });
  }

  #remove(id: string): void {
    const title = this.#chats.find((chat) => chat.id === id)?.title;
    if (!confirm(`Delete “${title}” and all that is in it?`)) return;
    attempt(() => this.#client.sendMessage("chat:delete", { id }));
  }

  async #find(query: string): Promise<void> {
    const found = query.trim() ? await this.#client.sendMessage("chat:search", { query }) : [];
    // another letter may have been typed meanwhile
    if (this.#search.value !== query) return;
    const list = byId("found");
    list.replaceChildren(...found.map((one) => this.#finding(one)));
    list.hidden = query.trim() === "";
    byId("chats").hidden = !list.hidden;
    const count = found.length === 1 ? "1 message found." : `${found.length} messages found.`;
    byId("empty").textContent = found.length ? count : "Nothing found.";
    if (list.hidden) this.#show();
  }

  #finding(found: SearchResult): HTMLLIElement {
    const open = button(found.chatTitle, () => this.#chosen(found.chatId, found.messageId));
    open.append(make("small", {}, found.snippet));
    return make("li", {}, open);
  }
}

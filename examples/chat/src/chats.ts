import type { ChannelClient, Chat, SearchResult } from "mentra-channels";
import { attempt, byId, make } from "./dom.js";

/** The list of chats, and what a search finds in them. */
export class Chats {
  readonly #client: ChannelClient;
  readonly #choose: (chat: Chat | null) => void;
  #chats: Chat[] = [];
  #current: string | null = null;

  constructor(client: ChannelClient, choose: (chat: Chat | null) => void) {
    this.#client = client;
    this.#choose = choose;
    byId("new-chat").onclick = () => attempt(() => this.create());
    const search = byId<HTMLInputElement>("search");
    search.oninput = () => attempt(() => this.#search(search.value));
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

  #select(chat: Chat | null): void {
    this.#current = chat?.id ?? null;
    this.#show();
    this.#choose(chat);
  }

  #keep(chat: Chat): void {
    this.#chats = [chat, ...this.#chats.filter((other) => other.id !== chat.id)];
    this.#chats.sort((one, other) => other.updatedAt.localeCompare(one.updatedAt));
    this.#show();
  }

  #forget(id: string): void {
    this.#chats = this.#chats.filter((chat) => chat.id !== id);
    if (this.#current === id) this.#select(this.#chats[0] ?? null);
    else this.#show();
  }

  #show(): void {
    byId("chats").replaceChildren(...this.#chats.map((chat) => this.#entry(chat)));
  }

  #entry(chat: Chat): HTMLLIElement {
    const open = make("button", { type: "button", title: chat.title }, chat.title);
    open.onclick = () => this.#select(chat);
    const remove = make("button", { type: "button", title: `Delete ${chat.title}` }, "×");
    remove.onclick = () => attempt(() => this.#client.sendMessage("chat:delete", { id: chat.id }));
    const entry = make("li", {}, open, remove);
    if (chat.id === this.#current) entry.setAttribute("aria-current", "true");
    return entry;
  }

  async #search(query: string): Promise<void> {
    const found = query.trim() ? await this.#client.sendMessage("chat:search", { query }) : [];
    // another letter may have been typed meanwhile
    if (byId<HTMLInputElement>("search").value !== query) return;
    const list = byId("found");
    list.replaceChildren(...found.map((one) => this.#finding(one)));
    list.hidden = query.trim() === "";
    byId("chats").hidden = !list.hidden;
  }

  #finding(found: SearchResult): HTMLLIElement {
    const open = make("button", { type: "button" }, found.chatTitle, make("small", {}, found.snippet));
    open.onclick = () => {
      const chat = this.#chats.find((one) => one.id === found.chatId);
      if (chat !== undefined) this.#select(chat);
    };
    return make("li", {}, open);
  }
}

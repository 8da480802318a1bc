import type { ChannelClient } from "mentra-channels";
import { attempt, byId, make } from "./dom.js";

const PROVIDERS = ["echo", "openai", "anthropic", "google"];

interface Chosen {
  provider: string;
  model: string;
  temperature: number;
  streamResponses: boolean;
}

/** What the person chose; the server keeps it. */
export class Preferences {
  readonly #client: ChannelClient;
  readonly #form = byId<HTMLFormElement>("preferences");
  current: Chosen = { provider: "echo", model: "echo-1", temperature: 0.7, streamResponses: true };

  constructor(client: ChannelClient) {
    this.#client = client;
    const providers = this.#field<HTMLSelectElement>("provider");
    providers.append(...PROVIDERS.map((name) => make("option", { value: name }, name)));
    this.#form.onsubmit = (event) => event.preventDefault();
    this.#form.onchange = (event) => attempt(() => this.#changed(event.target as HTMLInputElement));
    client.onMessage("settings:changed", () => attempt(() => this.load()));
  }

  /** Read them anew. */
  async load(): Promise<void> {
    const settings = await this.#client.sendMessage("settings:get-all");
    const chosen = String(settings.chat.defaultModel ?? "");
    const cut = chosen.indexOf("/");
    this.current = {
      provider: cut > 0 ? chosen.slice(0, cut) : "echo",
      model: cut > 0 ? chosen.slice(cut + 1) : "echo-1",
      temperature: settings.chat.temperature,
      streamResponses: settings.chat.streamResponses,
    };
    document.documentElement.dataset.theme = settings.theme;
    this.#field("theme").value = settings.theme;
    this.#field("provider").value = this.current.provider;
    this.#field("temperature").value = String(this.current.temperature);
    this.#field<HTMLInputElement>("streamResponses").checked = this.current.streamResponses;
    await this.#showModels(this.current.provider);
    this.#field("model").value = this.current.model;
  }

  async #changed(field: HTMLInputElement): Promise<void> {
    if (field.name === "provider") {
      await this.#showModels(field.value);
      await this.#set("chat.defaultModel", `${field.value}/${this.#field("model").value}`);
    } else if (field.name === "model") {
      await this.#set("chat.defaultModel", `${this.#field("provider").value}/${field.value}`);
    } else if (field.name === "theme") {
      await this.#set("theme", field.value);
    } else if (field.name === "temperature") {
      await this.#set("chat.temperature", Number(field.value));
    } else {
      await this.#set(`chat.${field.name}`, field.checked);
    }
  }

  async #set(key: string, value: unknown): Promise<void> {
    await this.#client.sendMessage("settings:set", { key, value });
    await this.load();
  }

  async #showModels(provider: string): Promise<void> {
    const models = await this.#client.sendMessage("ai:models", { provider });
    const options = models.map((one) => make("option", { value: one.id }, one.name));
    this.#field<HTMLSelectElement>("model").replaceChildren(...options);
  }

  #field<T extends HTMLElement & { value: string } = HTMLInputElement>(name: string): T {
    return this.#form.elements.namedItem(name) as unknown as T;
  }
}

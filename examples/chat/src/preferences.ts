import type { ChannelClient, Chat } from "mentra-channels";
import { attempt, byId, complain, make } from "./dom.js";

const PROVIDERS = ["echo", "openai", "anthropic", "google"];
/** The server's default, which is shown as large as the browser shows text. */
const PLAIN_SIZE = 14;

interface Model {
  provider: string;
  model: string;
}

interface Chosen extends Model {
  temperature: number;
  streamResponses: boolean;
  autoGenerateTitle: boolean;
}

/** What the person chose; the server keeps it. */
export class Preferences {
  readonly #client: ChannelClient;
  readonly #form = byId<HTMLFormElement>("preferences");
  current: Chosen = {
    provider: "echo", model: "echo-1", temperature: 0.7, streamResponses: true, autoGenerateTitle: true,
  };

  constructor(client: ChannelClient) {
    this.#client = client;
    this.#form.onsubmit = (event) => event.preventDefault();
    this.#form.onchange = (event) => attempt(() => this.#changed(event.target as HTMLInputElement));
    client.onMessage("settings:changed", () => attempt(() => this.load()));
  }

  /** Read them anew. */
  async load(): Promise<void> {
    const { theme, fontSize, chat } = await this.#client.sendMessage("settings:get-all");
    this.current = {
      ...(modelOf(chat.defaultModel) ?? { provider: "echo", model: "echo-1" }),
      temperature: chat.temperature,
      streamResponses: chat.streamResponses,
      autoGenerateTitle: chat.autoGenerateTitle,
    };
    document.documentElement.dataset.theme = theme;
    document.documentElement.style.fontSize = `${(100 * fontSize) / PLAIN_SIZE}%`;
    this.#field("theme").value = theme;
    this.#choose("fontSize", String(fontSize), `${fontSize} pixels`);
    this.#field("temperature").value = String(this.current.temperature);
    this.#field<HTMLInputElement>("streamResponses").checked = this.current.streamResponses;
    await this.#showProviders();
    this.#choose("provider", this.current.provider);
    await this.#showModels(this.current.provider);
    this.#choose("model", this.current.model);
  }

  /** Who answers in a chat: it may have a model of its own. */
  modelFor(chat: Chat | null): Model {
    return modelOf(chat?.defaultModel) ?? this.current;
  }

  async #changed(field: HTMLInputElement): Promise<void> {
    if (!field.reportValidity()) return;
    if (field.name === "provider") {
      await this.#showModels(field.value);
      await this.#set("chat.defaultModel", `${field.value}/${this.#field("model").value}`);
    } else if (field.name === "model") {
      await this.#set("chat.defaultModel", `${this.#field("provider").value}/${field.value}`);
    } else if (field.name === "theme") {
      await this.#set("theme", field.value);
    } else if (field.name === "fontSize") {
      await this.#set("fontSize", Number(field.value));
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

  /** Those that cannot be asked are shown as such. */
  async #showProviders(): Promise<void> {
    const may = await Promise.all(
      PROVIDERS.map((provider) => this.#client.sendMessage("ai:has-credentials", { provider })),
    );
    const options = PROVIDERS.map((value, place) =>
      make("option", { value, disabled: !may[place] }, may[place] ? value : `${value} (has no key)`),
    );
    this.#field<HTMLSelectElement>("provider").replaceChildren(...options);
  }

  async #showModels(provider: string): Promise<void> {
    let options: HTMLOptionElement[] = [];
    try {
      const models = await this.#client.sendMessage("ai:models", { provider });
      options = models.map((one) => make("option", { value: one.id }, one.name));
    } catch (problem) {
      complain(problem);
    }
    this.#field<HTMLSelectElement>("model").replaceChildren(...options);
  }

  /** Show a choice, even one that is not among those of the page. */
  #choose(name: string, value: string, text = value): void {
    const field = this.#field<HTMLSelectElement>(name);
    if (![...field.options].some((one) => one.value === value)) field.append(make("option", { value }, text));
    field.value = value;
  }

  #field<T extends HTMLElement & { value: string } = HTMLInputElement>(name: string): T {
    return this.#form.elements.namedItem(name) as unknown as T;
  }
}

/** What is meant by `provider/model`, if anything. */
function modelOf(chosen: string | null | undefined): Model | null {
  const cut = chosen?.indexOf("/") ?? -1;
  return cut > 0 ? { provider: chosen!.slice(0, cut), model: chosen!.slice(cut + 1) } : null;
}

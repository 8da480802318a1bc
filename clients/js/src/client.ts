import type { ChannelMap, EventMap } from "./channels.gen.js";
import { ChannelError } from "./errors.js";
import { parseFrame, type RequestFrame } from "./frames.js";
import { Listeners } from "./listeners.js";
import { Pending, abortion } from "./pending.js";
import { defaultSocket, OPEN, type Socket, type SocketClass } from "./socket.js";

export type ConnectionState = "connecting" | "open" | "closing" | "closed";

export interface ClientOptions {
  /** e.g. `ws://127.0.0.1:3001/` */
  url: string;
  /** Shared token or a user's token, if the server wants one; sent as `?token=`. */
  token?: string;
  /** Whether a connection that breaks is made again. */
  reconnect?: boolean;
  /** Milliseconds before the first try; each further one waits half as long again. */
  reconnectInterval?: number;
  /** Tries in a row before it gives up and tells `connection:failed`. */
  maxReconnectAttempts?: number;
  /** Milliseconds that a request may take. */
  requestTimeout?: number;
  /** The WebSocket class, where the runtime has none of its own. */
  WebSocket?: SocketClass;
}

export interface RequestOptions {
  /** Milliseconds, instead of the client's `requestTimeout`. */
  timeout?: number;
  /** Gives up waiting. */
  signal?: AbortSignal;
  /** The request's id; one is made if there is none. */
  id?: string;
}

/** What the client tells by itself, besides the server's events. */
export interface LocalEvents {
  /** Every try to connect again failed. */
  "connection:failed": Record<string, never>;
  /** The server does not want this token: trying again would not help. */
  "connection:refused": { reason: string };
  /** The state changed. */
  "connection:state": { state: ConnectionState };
}

type AllEvents = EventMap & LocalEvents;
type Arguments<C extends keyof ChannelMap> = undefined extends ChannelMap[C]["request"]
  ? [payload?: ChannelMap[C]["request"], options?: RequestOptions]
  : [payload: ChannelMap[C]["request"], options?: RequestOptions];

const GROWTH = 1.5;

/** The close code of a server that does not want the token. */
const WRONG_TOKEN = 4001;

/**
 * One connection to a mentra server, made again when it breaks.
 *
 * Requests are answered by promises, which are rejected with a {@link ChannelError}. Nothing is
 * sent twice: what was under way when a connection broke is rejected, and whoever asked decides.
 */
export class ChannelClient {
  readonly #options: Required<Omit<ClientOptions, "token" | "WebSocket">> & ClientOptions;
  readonly #listeners = new Listeners();
  readonly #pending = new Pending();
  readonly #prefix = randomPrefix();
  #number = 0;
  #socket: Socket | null = null;
  #state: ConnectionState = "closed";
  #opening: { promise: Promise<void>; reject(problem: Error): void } | null = null;
  #attempts = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  /** Whether a first try that fails is followed by others. */
  #persistent = false;

  constructor(options: ClientOptions) {
    this.#options = {
      reconnect: true,
      reconnectInterval: 1000,
      maxReconnectAttempts: 10,
      requestTimeout: 30_000,
      ...options,
    };
  }

  get connectionState(): ConnectionState {
    return this.#state;
  }

  get isConnected(): boolean {
    return this.#state === "open";
  }

  /** How many requests have no answer yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /**
   * Connect; while that is under way, or done, this is the same promise again. A first try that
   * fails is rejected, and nothing is tried again by itself.
   */
  connect(): Promise<void> {
    this.#stopRetrying();
    if (this.#opening !== null) return this.#opening.promise;
    if (this.#state === "open") return Promise.resolve();
    this.#attempts = 0;
    this.#persistent = false;
    return this.#open();
  }

  /**
   * Connect, and if that fails go on as if a connection had broken: for pages, which people open
   * before the server is there. What comes of it is told by `connection:state`, in the end by
   * `connection:failed`.
   */
  start(): void {
    this.connect().catch(() => undefined);
    this.#persistent = true;
  }

  /** Close, and stay closed until `connect()` is called. */
  disconnect(): void {
    this.#stopRetrying();
    this.#attempts = 0;
    this.#persistent = false;
    const socket = this.#socket;
    if (socket === null) return;
    this.#drop(socket);
    this.#become("closing");
    this.#fail(new ChannelError("CONNECTION_CLOSED", "The connection was closed"));
    socket.close(1000);
    this.#become("closed");
  }

  /** Ask; the answer's payload, null if it has none. */
  sendMessage<C extends keyof ChannelMap>(
    channel: C,
    ...given: Arguments<C>
  ): Promise<ChannelMap[C]["response"]>;
  /** The same on a channel of an extension, of which nothing is known here. */
  sendMessage<C extends string>(
    channel: C extends keyof ChannelMap ? never : C,
    payload?: unknown,
    options?: RequestOptions,
  ): Promise<any>;
  async sendMessage(
    channel: string,
    payload?: unknown,
    options: RequestOptions = {},
  ): Promise<unknown> {
    const socket = this.#socket;
    if (this.#state !== "open" || socket === null || socket.readyState !== OPEN) {
      throw new ChannelError("CONNECTION_CLOSED", "There is no connection");
    }
    if (options.signal?.aborted) throw abortion(options.signal);
    const id = options.id ?? this.newRequestId();
    const frame: RequestFrame = { type: "request", id, channel, timestamp: Date.now() };
    if (payload !== undefined) frame.payload = payload;
    const text = JSON.stringify(frame);
    const timeout = options.timeout ?? this.#options.requestTimeout;
    const answer = this.#pending.wait(id, channel, timeout, options.signal);
    try {
      socket.send(text);
    } catch {
      this.#pending.reject(id, new ChannelError("CONNECTION_CLOSED", "It could not be sent"));
    }
    return answer;
  }

  /** Have `listener` called with the payload of every event on `channel`; ends with what it returns. */
  onMessage<C extends keyof AllEvents>(
    channel: C,
    listener: (payload: AllEvents[C]) => void,
  ): () => void;
  onMessage(channel: string, listener: (payload: any) => void): () => void;
  onMessage(channel: string, listener: (payload: any) => void): () => void {
    return this.#listeners.add(channel, listener);
  }

  /** Nobody listens to `channel` any more. */
  offMessage(channel: keyof AllEvents | (string & {})): void {
    this.#listeners.remove(channel);
  }

  /** An id that no other request has. */
  newRequestId(): string {
    this.#number += 1;
    return `${this.#prefix}-${this.#number}`;
  }

  // -- the connection

  #open(): Promise<void> {
    const Socket = this.#options.WebSocket ?? defaultSocket();
    let settle: { resolve(): void; reject(problem: Error): void };
    const promise = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#opening = { promise, reject: (problem) => settle.reject(problem) };
    this.#become("connecting");
    let socket: Socket;
    try {
      socket = new Socket(this.#url());
    } catch (problem) {
      // the address is none, or the page may not connect there: trying again would not help
      this.#opening = null;
      this.#become("closed");
      settle!.reject(problem as Error);
      return promise;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempts = 0;
      this.#opening = null;
      this.#become("open");
      settle.resolve();
    };
    socket.onmessage = (event: { data: unknown }) => this.#received(event.data);
    // a close always follows, and says more
    socket.onerror = () => undefined;
    socket.onclose = (event: { code?: number; reason?: string }) => this.#closed(socket, event);
    return promise;
  }

  #closed(socket: Socket, event: { code?: number; reason?: string }): void {
    const wasOpen = this.#state === "open";
    this.#drop(socket);
    this.#become("closed");
    const told = event.reason ? `: ${event.reason}` : "";
    this.#fail(new ChannelError("CONNECTION_CLOSED", `The connection is closed${told}`, event.code));
    if (event.code === WRONG_TOKEN) {
      this.#attempts = 0;
      this.#listeners.tell("connection:refused", { reason: event.reason ?? "" });
    } else if (wasOpen || this.#attempts > 0 || this.#persistent) this.#tryLater();
  }

  /** Let go of `socket`: whatever it says from now on is nobody's business. */
  #drop(socket: Socket): void {
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.onerror = () => undefined;
    if (this.#socket === socket) this.#socket = null;
  }

  #fail(problem: ChannelError): void {
    const opening = this.#opening;
    this.#opening = null;
    opening?.reject(problem);
    this.#pending.rejectAll(problem);
  }

  #tryLater(): void {
    const { reconnect, reconnectInterval, maxReconnectAttempts } = this.#options;
    if (!reconnect) return;
    if (this.#attempts >= maxReconnectAttempts) {
      this.#attempts = 0;
      this.#listeners.tell("connection:failed", {});
      return;
    }
    this.#attempts += 1;
    const wait = reconnectInterval * GROWTH ** (this.#attempts - 1);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      // its failure is told by the next try, or by connection:failed
      this.#open().catch(() => undefined);
    }, wait);
  }

  #stopRetrying(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #received(data: unknown): void {
    const frame = typeof data === "string" ? parseFrame(data) : null;
    if (frame?.type === "event") this.#listeners.tell(frame.channel, frame.payload);
    else if (frame?.type === "response") this.#pending.answer(frame);
  }

  #become(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.tell("connection:state", { state });
  }

  #url(): string {
    const { url, token } = this.#options;
    if (token === undefined) return url;
    return `${url}${url.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
  }
}

function randomPrefix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

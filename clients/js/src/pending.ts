import { ChannelError } from "./errors.js";
import type { ResponseFrame } from "./frames.js";

interface Waiting {
  resolve(payload: any): void;
  reject(problem: Error): void;
  timer: ReturnType<typeof setTimeout>;
  unwatch(): void;
}

/** Requests that have no answer yet. */
export class Pending {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  /** A promise of the answer to `id`; it is rejected after `timeout` ms, or when `signal` aborts. */
  wait(id: string, channel: string, timeout: number, signal?: AbortSignal): Promise<any> {
    return new Promise((resolve, reject) => {
      const fail = (problem: Error) => this.#settle(id)?.reject(problem);
      const abort = () => fail(abortion(signal));
      const late = () => fail(new ChannelError("TIMEOUT", `No answer on ${channel} in time`));
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.set(id, {
        resolve,
        reject,
        timer: setTimeout(late, timeout),
        unwatch: () => signal?.removeEventListener("abort", abort),
      });
    });
  }

  /** Settle whatever `frame` answers; false if nobody waits for it. */
  answer(frame: ResponseFrame): boolean {
    const { error } = frame;
    if (error === undefined) {
      const waiting = this.#settle(frame.id);
      waiting?.resolve(frame.payload ?? null);
      return waiting !== undefined;
    }
    const waiting = this.#settle(frame.id) ?? this.#settle(requestOf(error.details));
    waiting?.reject(new ChannelError(error.code, error.message, error.details));
    return waiting !== undefined;
  }

  /** Nothing will be answered any more. */
  rejectAll(problem: Error): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(problem);
  }

  /** Reject `id`, if it still waits. */
  reject(id: string, problem: Error): void {
    this.#settle(id)?.reject(problem);
  }

  #settle(id: string | undefined): Waiting | undefined {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id !== undefined && waiting !== undefined) {
      this.#waiting.delete(id);
      clearTimeout(waiting.timer);
      waiting.unwatch();
    }
    return waiting;
  }
}

/** The request that was too many: its refusal has an id of its own. */
function requestOf(details: unknown): string | undefined {
  const id = (details as { requestId?: unknown } | undefined)?.requestId;
  return typeof id === "string" ? id : undefined;
}

export function abortion(signal?: AbortSignal): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new ChannelError("ABORTED", "The request was given up");
}

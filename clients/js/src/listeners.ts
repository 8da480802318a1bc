/** Who listens to which channel. */
export class Listeners {
  readonly #byChannel = new Map<string, Set<(payload: any) => void>>();

  /** Have `listener` called with the payload of every event; what it returns ends that. */
  add(channel: string, listener: (payload: any) => void): () => void {
    let listening = this.#byChannel.get(channel);
    if (listening === undefined) {
      listening = new Set();
      this.#byChannel.set(channel, listening);
    }
    // the same function may listen twice, and each time is ended by itself
    const own = (payload: unknown) => listener(payload);
    listening.add(own);
    return () => {
      listening.delete(own);
      if (listening.size === 0 && this.#byChannel.get(channel) === listening) {
        this.#byChannel.delete(channel);
      }
    };
  }

  /** Nobody listens to `channel` any more. */
  remove(channel: string): void {
    this.#byChannel.get(channel)?.clear();
    this.#byChannel.delete(channel);
  }

  /** Tell everybody; one that throws costs the others nothing. */
  tell(channel: string, payload: unknown): void {
    for (const listener of [...(this.#byChannel.get(channel) ?? [])]) {
      try {
        listener(payload);
      } catch (problem) {
        // as an event target does: reported, not swallowed, and after everybody was told
        queueMicrotask(() => {
          throw problem;
        });
      }
    }
  }

  get size(): number {
    return this.#byChannel.size;
  }
}

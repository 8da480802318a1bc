import type { Socket } from "../src/index.js";

/** A socket without a network: the test plays the server. */
export class FakeSocket implements Socket {
  static made: FakeSocket[] = [];

  static get last(): FakeSocket {
    const last = FakeSocket.made.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  }

  readyState = 0;
  onopen: ((event: any) => void) | null = null;
  onclose: ((event: any) => void) | null = null;
  onerror: ((event: any) => void) | null = null;
  onmessage: ((event: any) => void) | null = null;
  readonly sent: any[] = [];
  readonly closes: (number | undefined)[] = [];

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.readyState = 2;
    this.closes.push(code);
  }

  // -- the server's part

  open(): void {
    this.readyState = 1;
    this.onopen?.({});
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify({ timestamp: 1, ...frame }) });
  }

  answer(index: number, rest: object): void {
    const { id, channel } = this.sent[index];
    this.say({ type: "response", id, channel, ...rest });
  }

  fail(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onerror?.({});
    this.onclose?.({ code, reason });
  }
}

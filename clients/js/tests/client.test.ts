import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chatStream, ChannelClient, ChannelError, type ClientOptions } from "../src/index.js";
import { FakeSocket } from "./fakes.js";

beforeEach(() => {
  FakeSocket.made = [];
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount(), "timers left over").toBe(0);
  vi.useRealTimers();
});

function client(options: Partial<ClientOptions> = {}): ChannelClient {
  return new ChannelClient({ url: "ws://server/", WebSocket: FakeSocket, ...options });
}

async function connected(options: Partial<ClientOptions> = {}): Promise<ChannelClient> {
  const made = client(options);
  const opened = made.connect();
  FakeSocket.last.open();
  await opened;
  return made;
}

const settled = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (problem: unknown) => ({ problem }),
  );

describe("requests", () => {
  it("are answered under their id, in whatever order", async () => {
    const one = await connected();
    const first = one.sendMessage("a:one", { x: 1 });
    const second = one.sendMessage("a:two");

    FakeSocket.last.answer(1, { payload: "second" });
    FakeSocket.last.answer(0, { payload: ["first"] });

    expect(await first).toEqual(["first"]);
    expect(await second).toBe("second");
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: "request", channel: "a:one", payload: { x: 1 } });
    expect(FakeSocket.last.sent[1]).not.toHaveProperty("payload");
  });

  it("take an answer without payload for null", async () => {
    const one = await connected();
    const asked = one.sendMessage("a:one");

    FakeSocket.last.answer(0, {});

    expect(await asked).toBeNull();
  });

  it("are rejected with code and details", async () => {
    const one = await connected();
    const asked = settled(one.sendMessage("a:one"));
    const details = [{ path: "x", message: "wrong" }];

    FakeSocket.last.answer(0, { error: { code: "INVALID_MESSAGE", message: "no", details } });

    const { problem } = (await asked) as { problem: ChannelError };
    expect(problem).toBeInstanceOf(ChannelError);
    expect([problem.code, problem.message, problem.details]).toEqual(["INVALID_MESSAGE", "no", details]);
  });

  it("that were too many are rejected by the refusal that names them", async () => {
    const one = await connected();
    const asked = settled(one.sendMessage("a:one"));
    const requestId = FakeSocket.last.sent[0].id;
    const details = { requestId, retryAfterMs: 250 };

    FakeSocket.last.say({
      type: "response",
      id: "rate_limited",
      channel: "system",
      error: { code: "RATE_LIMITED", message: "Too many requests", details },
    });

    const { problem } = (await asked) as { problem: ChannelError };
    expect([problem.code, problem.retryAfterMs]).toEqual(["RATE_LIMITED", 250]);
  });

  it("time out, and a late answer harms nobody", async () => {
    const one = await connected({ requestTimeout: 1000 });
    const asked = settled(one.sendMessage("a:one"));

    await vi.advanceTimersByTimeAsync(1000);
    FakeSocket.last.answer(0, { payload: 1 });

    expect(await asked).toMatchObject({ problem: { code: "TIMEOUT" } });
    expect(one.pendingCount).toBe(0);
  });

  it("can be given up", async () => {
    const one = await connected();
    const giving = new AbortController();
    const asked = settled(one.sendMessage("a:one", undefined, { signal: giving.signal }));

    giving.abort(new Error("enough"));

    expect(await asked).toMatchObject({ problem: { message: "enough" } });
    expect(one.pendingCount).toBe(0);
  });

  it("are refused at once without a connection", async () => {
    const asked = settled(client().sendMessage("a:one"));

    expect(await asked).toMatchObject({ problem: { code: "CONNECTION_CLOSED" } });
  });

  it("are all rejected when the connection breaks", async () => {
    const one = await connected({ reconnect: false });
    const asked = [settled(one.sendMessage("a:one")), settled(one.sendMessage("a:two"))];

    FakeSocket.last.fail(1006);

    for (const each of asked) {
      expect(await each).toMatchObject({ problem: { code: "CONNECTION_CLOSED", details: 1006 } });
    }
  });

  it("have ids of their own", async () => {
    const one = await connected();
    const asked = [settled(one.sendMessage("a:one")), settled(one.sendMessage("a:one"))];

    const ids = FakeSocket.last.sent.map((frame) => frame.id);

    expect(new Set(ids).size).toBe(2);
    one.disconnect();
    await Promise.all(asked);
  });
});

describe("events", () => {
  it("reach who listens, until they do not", async () => {
    const one = await connected();
    const heard: unknown[] = [];
    const stop = one.onMessage("weather:changed", (payload) => heard.push(payload));

    FakeSocket.last.say({ type: "event", channel: "weather:changed", payload: 1 });
    stop();
    FakeSocket.last.say({ type: "event", channel: "weather:changed", payload: 2 });

    expect(heard).toEqual([1]);
  });

  it("reach two listeners that are one function, each ended by itself", async () => {
    const one = await connected();
    const heard = vi.fn();
    const stop = one.onMessage("a", heard);
    one.onMessage("a", heard);

    FakeSocket.last.say({ type: "event", channel: "a", payload: 1 });
    stop();
    FakeSocket.last.say({ type: "event", channel: "a", payload: 2 });

    expect(heard.mock.calls).toEqual([[1], [1], [2]]);
  });

  it("go to nobody after offMessage", async () => {
    const one = await connected();
    const heard = vi.fn();
    one.onMessage("a", heard);

    one.offMessage("a");
    FakeSocket.last.say({ type: "event", channel: "a", payload: 1 });

    expect(heard).not.toHaveBeenCalled();
  });

  it("reach the others when a listener throws", async () => {
    const one = await connected();
    const heard = vi.fn();
    const thrown: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (report: () => void) => {
      try {
        report();
      } catch (problem) {
        thrown.push(problem);
      }
    });
    one.onMessage("a", () => {
      throw new Error("a listener's bug");
    });
    one.onMessage("a", heard);

    FakeSocket.last.say({ type: "event", channel: "a", payload: 1 });

    vi.unstubAllGlobals();
    expect(heard).toHaveBeenCalledWith(1);
    expect(thrown).toHaveLength(1);
  });

  it("that are none are left alone", async () => {
    const one = await connected();

    for (const data of ["{", "1", "null", '{"type":"response"}', '{"type":"request","channel":"x"}']) {
      FakeSocket.last.onmessage?.({ data });
    }
    FakeSocket.last.onmessage?.({ data: new ArrayBuffer(1) });

    expect(one.isConnected).toBe(true);
  });
});

describe("the connection", () => {
  it("is one, however often it is asked for", async () => {
    const one = client();
    const promises = [one.connect(), one.connect()];
    FakeSocket.last.open();

    await Promise.all([...promises, one.connect()]);

    expect(FakeSocket.made).toHaveLength(1);
    expect(one.connectionState).toBe("open");
  });

  it("is not tried again when the first try fails: who asked decides", async () => {
    const one = client();
    const asked = settled(one.connect());

    FakeSocket.last.fail();

    expect(await asked).toMatchObject({ problem: { code: "CONNECTION_CLOSED" } });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(FakeSocket.made).toHaveLength(1);
  });

  it("is tried again after a drop, each time half as long later, and then given up", async () => {
    const one = await connected();
    const failed = vi.fn();
    one.onMessage("connection:failed", failed);
    FakeSocket.last.fail();

    const waits: number[] = [];
    for (let attempt = 1; attempt <= 10; attempt++) {
      const before = Date.now();
      await vi.advanceTimersToNextTimerAsync();
      waits.push(Date.now() - before);
      FakeSocket.last.fail();
    }

    expect(waits.slice(0, 3)).toEqual([1000, 1500, 2250]);
    expect(waits[9]).toBe(38_443);
    expect(failed.mock.calls).toEqual([[{}]]);
    expect(FakeSocket.made).toHaveLength(11);
  });

  it("counts anew once it was open", async () => {
    await connected();
    FakeSocket.last.fail();
    await vi.advanceTimersByTimeAsync(1000);
    FakeSocket.last.fail();
    await vi.advanceTimersByTimeAsync(1500);
    FakeSocket.last.open();
    FakeSocket.last.fail();

    await vi.advanceTimersByTimeAsync(1000);

    expect(FakeSocket.made).toHaveLength(4);
    FakeSocket.last.open();
  });

  it("stays closed after disconnect, also when a try was waiting", async () => {
    const one = await connected();
    FakeSocket.last.fail();

    one.disconnect();
    await vi.advanceTimersByTimeAsync(100_000);

    expect(FakeSocket.made).toHaveLength(1);
    expect(one.connectionState).toBe("closed");
  });

  it("comes back by itself again after disconnect and connect", async () => {
    const one = await connected();
    one.disconnect();
    const again = one.connect();
    FakeSocket.last.open();
    await again;
    FakeSocket.last.fail();

    await vi.advanceTimersByTimeAsync(1000);

    expect(FakeSocket.made).toHaveLength(3);
    FakeSocket.last.open();
  });

  it("is closed with 1000, and what comes late from the old socket is nobody's business", async () => {
    const one = await connected();
    const old = FakeSocket.last;
    const heard = vi.fn();
    one.onMessage("a", heard);

    one.disconnect();
    old.say({ type: "event", channel: "a", payload: 1 });
    old.fail(1000);

    expect(old.closes).toEqual([1000]);
    expect(heard).not.toHaveBeenCalled();
  });

  it("rejects who waits for it when it is closed meanwhile", async () => {
    const one = client();
    const asked = settled(one.connect());

    one.disconnect();

    expect(await asked).toMatchObject({ problem: { code: "CONNECTION_CLOSED" } });
  });

  it("tells its states in order", async () => {
    const one = client();
    const states: string[] = [];
    one.onMessage("connection:state", ({ state }) => states.push(state));
    const opened = one.connect();
    FakeSocket.last.open();
    await opened;

    one.disconnect();

    expect(states).toEqual(["connecting", "open", "closing", "closed"]);
  });

  it("sends its token in the query", async () => {
    await connected({ token: "a b&c" });

    expect(FakeSocket.last.url).toBe("ws://server/?token=a%20b%26c");
  });

  it("is not tried again with a token that the server does not want", async () => {
    const one = await connected({ token: "wrong" });
    const refused = vi.fn();
    one.onMessage("connection:refused", refused);

    FakeSocket.last.fail(4001, "wrong token");
    await vi.advanceTimersByTimeAsync(100_000);

    expect(refused.mock.calls).toEqual([[{ reason: "wrong token" }]]);
    expect(FakeSocket.made).toHaveLength(1);
  });

  it("once started keeps trying until the server is there", async () => {
    const one = client();
    one.start();
    FakeSocket.last.fail();

    await vi.advanceTimersByTimeAsync(1000);
    FakeSocket.last.open();

    expect(one.isConnected).toBe(true);
  });

  it("once started can be stopped before it was ever there", async () => {
    const one = client();
    one.start();

    one.disconnect();
    await vi.advanceTimersByTimeAsync(100_000);

    expect(FakeSocket.made).toHaveLength(1);
  });
});

describe("a streamed answer", () => {
  const request = { provider: "echo", model: "echo-1", messages: [{ role: "user", content: "hi" }] } as const;
  const chunk = (requestId: string, text: string) => ({
    type: "event",
    channel: "ai:stream-chunk",
    payload: { requestId, chunk: { type: "text", text } },
  });

  it("has its own pieces alone, and leaves no listener", async () => {
    const one = await connected();
    const pieces: unknown[] = [];
    const asked = chatStream(one, request as any, (piece) => pieces.push(piece.text));
    const { id } = FakeSocket.last.sent[0];

    FakeSocket.last.say(chunk(id, "Echo: "));
    FakeSocket.last.say(chunk("another", "not ours"));
    FakeSocket.last.say(chunk(id, "hi"));
    FakeSocket.last.answer(0, { payload: { content: "Echo: hi" } });

    expect(await asked).toEqual({ content: "Echo: hi" });
    FakeSocket.last.say(chunk(id, "late"));
    expect(pieces).toEqual(["Echo: ", "hi"]);
  });

  it("is given up here and on the server", async () => {
    const one = await connected();
    const giving = new AbortController();
    const pieces: unknown[] = [];
    const asked = settled(
      chatStream(one, request as any, (piece) => pieces.push(piece.text), { signal: giving.signal }),
    );
    const { id } = FakeSocket.last.sent[0];

    giving.abort(new Error("enough"));
    FakeSocket.last.say(chunk(id, "too late"));

    expect(await asked).toMatchObject({ problem: { message: "enough" } });
    expect(FakeSocket.last.sent[1]).toMatchObject({ channel: "ai:cancel", payload: { requestId: id } });
    expect(pieces).toEqual([]);
    FakeSocket.last.answer(1, { payload: true });
  });
});

describe("an address that is none", () => {
  it("is told at once, and another try may be made", async () => {
    class Picky extends FakeSocket {
      static refuses = true;
      constructor(url: string) {
        super(url);
        if (Picky.refuses) throw new SyntaxError("the URL is invalid");
      }
    }
    const one = client({ WebSocket: Picky });

    const told = await settled(one.connect());

    expect(told).toMatchObject({ problem: { message: "the URL is invalid" } });
    expect(one.connectionState).toBe("closed");
    Picky.refuses = false;
    const opened = one.connect();
    FakeSocket.last.open();
    await opened;
    expect(one.isConnected).toBe(true);
  });
});

// @vitest-environment happy-dom
import { act, useEffect } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useWebSocket, type UseWebSocket, type UseWebSocketOptions } from "../src/react.js";
import { FakeSocket } from "./fakes.js";

(globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;

let root: Root;
let seen: UseWebSocket;
const heard: unknown[] = [];

function Page(props: Partial<UseWebSocketOptions>) {
  const socket = useWebSocket({ url: "ws://server/", WebSocket: FakeSocket, ...props });
  seen = socket;
  const { onMessage } = socket;
  // before the effect of the hook's user has run, and once for each client
  useEffect(() => onMessage("a", (payload) => heard.push(payload)), [onMessage]);
  return <p>{socket.isConnected ? "connected" : "not connected"}</p>;
}

function show(props: Partial<UseWebSocketOptions> = {}) {
  return act(async () => root.render(<Page {...props} />));
}

const text = () => document.querySelector("p")?.textContent;

beforeEach(() => {
  FakeSocket.made = [];
  heard.length = 0;
  vi.useFakeTimers();
  document.body.innerHTML = "<div></div>";
  root = createRoot(document.querySelector("div")!);
});
afterEach(async () => {
  await act(async () => root.unmount());
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it("connects with the component and closes with it", async () => {
  await show();
  await act(async () => FakeSocket.last.open());
  const whileThere = text();

  await act(async () => root.render(null));

  expect(whileThere).toBe("connected");
  expect(FakeSocket.last.closes).toEqual([1000]);
});

it("says so when the connection drops, and when it is back", async () => {
  await show();
  await act(async () => FakeSocket.last.open());

  await act(async () => FakeSocket.last.fail());
  const dropped = text();
  await act(async () => vi.advanceTimersByTimeAsync(1000));
  await act(async () => FakeSocket.last.open());

  expect(dropped).toBe("not connected");
  expect(text()).toBe("connected");
});

it("hears events from the first frame on", async () => {
  await show();

  await act(async () => {
    FakeSocket.last.open();
    FakeSocket.last.say({ type: "event", channel: "a", payload: "first" });
  });

  expect(heard).toEqual(["first"]);
});

it("waits for connect() where that is wanted", async () => {
  await show({ autoConnect: false });
  expect(FakeSocket.made).toHaveLength(0);

  await act(async () => {
    const opened = seen.connect();
    FakeSocket.last.open();
    await opened;
  });

  expect(text()).toBe("connected");
});

it("takes another connection for another address", async () => {
  await show();
  const first = FakeSocket.last;
  await act(async () => first.open());

  await show({ url: "ws://elsewhere/" });

  expect(first.closes).toEqual([1000]);
  expect(FakeSocket.last.url).toBe("ws://elsewhere/");
});

it("keeps its functions between renders", async () => {
  await show();
  const before = seen;

  await act(async () => FakeSocket.last.open());

  expect(seen.sendMessage).toBe(before.sendMessage);
  expect(seen.onMessage).toBe(before.onMessage);
});

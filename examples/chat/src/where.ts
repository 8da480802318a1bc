/** What the server says about its channels. */
interface Where {
  /** Port of their own that needs no token; null: there is none. */
  openPort: number | null;
  /** Whether they are at `/channels` of this very server as well, for users with tokens. */
  here: boolean;
}

export interface Address {
  url: string;
  needsToken: boolean;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where this page connects: on the server's own machine to the open port, else with a token. */
export async function whereTo(location: Location): Promise<Address> {
  const answer = await fetch("/examples/chat/where", { cache: "no-store" });
  if (!answer.ok) throw new Error(`The server does not say where its channels are: ${answer.status}`);
  const { openPort, here } = (await answer.json()) as Where;
  if (openPort !== null && LOOPBACK.has(location.hostname)) {
    return { url: `ws://${location.hostname}:${openPort}/`, needsToken: false };
  }
  if (!here) throw new Error("This server has no channels for other machines: see [channels] main_port");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return { url: `${scheme}://${location.host}/channels`, needsToken: true };
}

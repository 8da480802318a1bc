/** As much of a WebSocket as the client uses: that of browsers, or one like it. */
export interface Socket {
  readonly readyState: number;
  onopen: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string) => Socket;

/** `readyState` of a socket that is open. */
export const OPEN = 1;

/** The runtime's own WebSocket. */
export function defaultSocket(): SocketClass {
  const found = (globalThis as { WebSocket?: SocketClass }).WebSocket;
  if (found === undefined) {
    throw new Error("there is no WebSocket here: give one with the option WebSocket");
  }
  return found;
}

import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { ChannelClient, type ClientOptions } from "./client.js";

export interface UseWebSocketOptions extends ClientOptions {
  /** Connect when the component appears; true unless said otherwise. */
  autoConnect?: boolean;
}

export interface UseWebSocket {
  isConnected: boolean;
  sendMessage: ChannelClient["sendMessage"];
  onMessage: ChannelClient["onMessage"];
  connect: ChannelClient["connect"];
  disconnect: ChannelClient["disconnect"];
  /** The client itself, for whatever takes one. */
  client: ChannelClient;
}

/**
 * A connection that lives as long as the component, and is one of its own for each url and token.
 *
 * `isConnected` follows the connection, drops included. Whoever calls `onMessage` before the
 * component has appeared is heard all the same: the client is there from the first render on.
 */
export function useWebSocket(options: UseWebSocketOptions): UseWebSocket {
  const { url, token, autoConnect = true } = options;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- other options count when it is made
  const client = useMemo(() => new ChannelClient(options), [url, token]);

  const subscribe = useCallback(
    (changed: () => void) => client.onMessage("connection:state", changed),
    [client],
  );
  const isConnected = useSyncExternalStore(
    subscribe,
    () => client.isConnected,
    () => false,
  );

  useEffect(() => {
    if (autoConnect) client.start();
    return () => client.disconnect();
  }, [client, autoConnect]);

  // these stay the same for as long as the client does: effects may depend on them
  const functions = useMemo(
    () => ({
      client,
      sendMessage: client.sendMessage.bind(client) as ChannelClient["sendMessage"],
      onMessage: client.onMessage.bind(client) as ChannelClient["onMessage"],
      connect: client.connect.bind(client),
      disconnect: client.disconnect.bind(client),
    }),
    [client],
  );
  return useMemo(() => ({ ...functions, isConnected }), [functions, isConnected]);
}

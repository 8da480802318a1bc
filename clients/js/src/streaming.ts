import type { ChannelClient, RequestOptions } from "./client.js";
import type { ChannelMap, EventMap } from "./channels.gen.js";

type ChatRequest = ChannelMap["ai:chat-stream"]["request"];
type ChatResponse = ChannelMap["ai:chat-stream"]["response"];
type Chunk = EventMap["ai:stream-chunk"]["chunk"];

/** Milliseconds that an answer may take altogether. */
const PATIENCE = 600_000;

/**
 * Ask a language model and have `onChunk` called with each piece of its answer, in order.
 *
 * Pieces of other requests are left alone, and nothing listens any more when the promise settles.
 * Aborting `options.signal` gives the answer up, here and on the server.
 */
export async function chatStream(
  client: ChannelClient,
  request: ChatRequest,
  onChunk: (chunk: Chunk) => void,
  options: RequestOptions = {},
): Promise<ChatResponse> {
  const id = options.id ?? client.newRequestId();
  const stop = client.onMessage("ai:stream-chunk", (event) => {
    if (event.requestId === id) onChunk(event.chunk);
  });
  const cancel = () => {
    stop();
    // whoever gave up has been told; that the server works on for nobody harms only the server
    client.sendMessage("ai:cancel", { requestId: id }).catch(() => undefined);
  };
  options.signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await client.sendMessage("ai:chat-stream", request, { timeout: PATIENCE, ...options, id });
  } finally {
    stop();
    options.signal?.removeEventListener("abort", cancel);
  }
}

export { ChannelClient } from "./client.js";
export type { ClientOptions, ConnectionState, LocalEvents, RequestOptions } from "./client.js";
export { ChannelError, type ErrorCode } from "./errors.js";
export type { ErrorBody, EventFrame, RequestFrame, ResponseFrame } from "./frames.js";
export type { Socket, SocketClass } from "./socket.js";
export { chatStream } from "./streaming.js";
export type * from "./channels.gen.js";

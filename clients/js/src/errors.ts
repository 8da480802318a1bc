/** What a request can fail with; servers may have codes of their own. */
export type ErrorCode =
  | "UNKNOWN_CHANNEL"
  | "HANDLER_ERROR"
  | "TIMEOUT"
  | "CONNECTION_CLOSED"
  | "INVALID_MESSAGE"
  | "RATE_LIMITED"
  | "UNAUTHORIZED"
  | (string & {});

/** A request failed: everything that the server said about it. */
export class ChannelError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, details?: unknown) {
    super(message);
    this.name = "ChannelError";
    this.code = code;
    this.details = details;
  }

  /** Milliseconds until trying again makes sense, where the server told. */
  get retryAfterMs(): number | undefined {
    const told = (this.details as { retryAfterMs?: unknown } | undefined)?.retryAfterMs;
    return typeof told === "number" ? told : undefined;
  }
}

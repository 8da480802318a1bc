/** The frames of the wire: JSON objects in text frames. */

export interface RequestFrame {
  type: "request";
  id: string;
  channel: string;
  payload?: unknown;
  timestamp: number;
}

export interface ErrorBody {
  code: string;
  message: string;
  details?: unknown;
}

export interface ResponseFrame {
  type: "response";
  id: string;
  channel: string;
  payload?: unknown;
  error?: ErrorBody;
  timestamp: number;
}

export interface EventFrame {
  type: "event";
  channel: string;
  payload: unknown;
  timestamp: number;
}

/** The frame in `text`, or null if it is none that a client may get. */
export function parseFrame(text: string): ResponseFrame | EventFrame | null {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof frame !== "object" || frame === null) return null;
  const { type, id, channel } = frame as Record<string, unknown>;
  if (typeof channel !== "string") return null;
  if (type === "event") return frame as EventFrame;
  return type === "response" && typeof id === "string" ? (frame as ResponseFrame) : null;
}

// Messages of the live WebSocket `/v1/live/{device}/{channel}?stream=main|sub`: the client sends
// its access token as text, and newer ones later; the server sends the messages below as text, and
// fMP4 (first an init segment, then fragments of one frame) as binary.

export type StreamName = "main" | "sub";

/** The init segment that comes next is of this format. Times may start over with it. */
export interface Format {
  kind: "format";
  /** RFC 6381, with MIME type, as `SourceBuffer` takes it. */
  mime: string;
  codecs: string;
  /** Pixels; 0 for sound alone. */
  width: number;
  height: number;
}

/** Frames were left out; what follows begins with a key frame later in time. */
export interface Gap {
  kind: "gap";
  lost: number;
}

/** The last message. */
export interface Ended {
  kind: "ended";
  reason: EndReason;
  message: string;
  /** When the hours of a share begin again, milliseconds since the Unix epoch; 0: not known. */
  opensAt: number;
}

export type ServerMessage = Format | Gap | Ended;

const END_REASONS = [
  "DEVICE_OFFLINE",
  "ACCESS_ENDED",
  "TOKEN_EXPIRED",
  "TOO_SLOW",
  "DRAINING",
  "CHANNEL_UNAVAILABLE",
  "BAD_STREAM",
  "OUTSIDE_HOURS",
  "SESSION_ENDED",
  "UNCONFIRMED",
  // The reasons of a stream that did not open.
  "UNAVAILABLE",
  "NOT_FOUND",
  "NOT_ALLOWED",
  "SIGN_IN_REQUIRED",
  "LIMIT",
] as const;

/** `CONNECTION_LOST` is our own: the socket closed without a word, or the server said a reason that
 * this version does not know. */
export type EndReason = (typeof END_REASONS)[number] | "CONNECTION_LOST";

export function liveUrl(
  origin: string,
  device: string,
  channel: number,
  stream: StreamName,
): string {
  const url = new URL(`/v1/live/${encodeURIComponent(device)}/${channel}`, origin);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  url.searchParams.set("stream", stream);
  return url.href;
}

/** What the text says, or undefined if it is nothing that this version knows. */
export function parseMessage(text: string): ServerMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(message)) return undefined;
  if (typeof message.mime === "string") {
    return {
      kind: "format",
      mime: message.mime,
      codecs: typeof message.codecs === "string" ? message.codecs : "",
      width: count(message.width),
      height: count(message.height),
    };
  }
  if (isRecord(message.gap)) return { kind: "gap", lost: count(message.gap.lost) };
  if (isRecord(message.ended)) {
    const { reason, message: words, opens_at_unix_ms: opensAt } = message.ended;
    return {
      kind: "ended",
      reason: END_REASONS.find((known) => known === reason) ?? "CONNECTION_LOST",
      message: typeof words === "string" ? words : "",
      opensAt: count(opensAt),
    };
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

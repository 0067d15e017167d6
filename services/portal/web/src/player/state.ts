import type { EndReason } from "./protocol";

/** What a person is to know of a picture that they look at. */
export type PlayerState =
  | { kind: "connecting" }
  | { kind: "playing" }
  /** The picture stands; another attempt is under way. */
  | { kind: "reconnecting" }
  /** The device, or the camera behind it; attempts go on. */
  | { kind: "offline"; what: "device" | "camera" }
  /** No stream of this channel is in a codec that the browser plays. */
  | { kind: "unsupported"; codecs: string }
  /** Final. */
  | { kind: "ended" }
  /** As many views as the server allows; attempts go on, seldom. */
  | { kind: "limit" };

export type Next =
  | { then: "stop"; state: PlayerState }
  | {
      then: "retry";
      state: PlayerState;
      when: "at-once" | "backoff" | "seldom";
      freshToken: boolean;
    };

/** What follows the end of a stream. */
export function afterEnd(reason: EndReason): Next {
  const retry = (state: PlayerState): Next => ({
    then: "retry",
    state,
    when: "backoff",
    freshToken: false,
  });
  switch (reason) {
    case "ACCESS_ENDED":
    case "NOT_FOUND":
      return { then: "stop", state: { kind: "ended" } };
    case "DEVICE_OFFLINE":
      return retry({ kind: "offline", what: "device" });
    case "CHANNEL_UNAVAILABLE":
      return retry({ kind: "offline", what: "camera" });
    case "TOKEN_EXPIRED":
    case "SIGN_IN_REQUIRED":
      return {
        then: "retry",
        state: { kind: "reconnecting" },
        when: "at-once",
        freshToken: true,
      };
    case "LIMIT":
      return { then: "retry", state: { kind: "limit" }, when: "seldom", freshToken: false };
    case "TOO_SLOW":
    case "DRAINING":
    case "BAD_STREAM":
    case "CONNECTION_LOST":
      return retry({ kind: "reconnecting" });
  }
}

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
  /** Somebody ended the permission. */
  | { kind: "ended" }
  /** The server does not know whether the permission still holds; attempts go on. */
  | { kind: "unconfirmed" }
  /** A share without live view; attempts go on. */
  | { kind: "not-allowed" }
  /** Not at these hours; the picture comes back at `opensAt`, milliseconds since the Unix epoch,
   * and when the owner changes the hours. 0: not known. */
  | { kind: "outside-hours"; opensAt: number }
  /** As many views as the server allows; attempts go on, seldom. */
  | { kind: "limit" };

export type Next =
  /** Until a moment, milliseconds since the Unix epoch; or until news of the device. */
  | { then: "wait"; state: PlayerState; until: number }
  | {
      then: "retry";
      state: PlayerState;
      when: "at-once" | "backoff" | "seldom";
      freshToken: boolean;
    };

/** What follows the end of a stream; `opensAt`: as in `Ended`. */
export function afterEnd(reason: EndReason, opensAt = 0): Next {
  const retry = (state: PlayerState): Next => ({
    then: "retry",
    state,
    when: "backoff",
    freshToken: false,
  });
  switch (reason) {
    // The owner may share it again.
    case "ACCESS_ENDED":
      return { then: "retry", state: { kind: "ended" }, when: "seldom", freshToken: false };
    // Where pictures come from may hear of a new share a moment later than the list of devices,
    // which is where the player is opened from and whose loss of the device closes it.
    case "NOT_FOUND":
      return retry({ kind: "ended" });
    case "UNCONFIRMED":
    case "UNAVAILABLE":
      return retry({ kind: "unconfirmed" });
    case "NOT_ALLOWED":
      // Of wider terms it may hear a moment later too.
      return retry({ kind: "not-allowed" });
    case "OUTSIDE_HOURS":
      return {
        then: "wait",
        state: { kind: "outside-hours", opensAt },
        until: opensAt || Infinity,
      };
    case "DEVICE_OFFLINE":
      return retry({ kind: "offline", what: "device" });
    case "CHANNEL_UNAVAILABLE":
      return retry({ kind: "offline", what: "camera" });
    // Asking for a newer token finds out whether the person is still signed in.
    case "SESSION_ENDED":
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

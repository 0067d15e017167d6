import { describe, expect, it } from "vitest";
import { EndReason } from "../gen/sightline/live/v1/media_pb";
import { en } from "../i18n/en";
import { ru } from "../i18n/ru";
import { parseMessage, type EndReason as Reason } from "../player/protocol";
import { afterEnd } from "../player/state";
import { messageOf } from "./message";

/** Ends after which there is nothing to tell but that another attempt is under way. */
const RECONNECTING = [
  "TOKEN_EXPIRED",
  "TOO_SLOW",
  "DRAINING",
  "BAD_STREAM",
  "SESSION_ENDED",
  "SIGN_IN_REQUIRED",
];

/** Those of streams that did not open have no place in the contract's enum. */
const REFUSALS = ["NOT_FOUND", "NOT_ALLOWED", "UNAVAILABLE", "LIMIT", "SIGN_IN_REQUIRED"];

const reasons = [
  ...Object.keys(EndReason).filter((name) => !/^\d+$|^UNSPECIFIED$/.test(name)),
  ...REFUSALS,
];

function heard(reason: string): Reason {
  const message = parseMessage(JSON.stringify({ ended: { reason } }));
  if (message?.kind !== "ended") throw new Error(`${reason} was not heard as an end`);
  return message.reason;
}

describe.each([
  ["en", en],
  ["ru", ru],
])("in %s", (language, dictionary) => {
  it.each(reasons)("%s has words", (reason) => {
    expect(heard(reason), "the reason is not known to the player").toBe(reason);
    const message = messageOf(afterEnd(heard(reason)).state, "", dictionary, language, 0);
    const { words = "", hint = "" } = message ?? {};
    if (RECONNECTING.includes(reason)) {
      expect(words).toBe(dictionary.live.reconnecting);
    } else {
      expect(words).not.toBe("");
      expect(words).not.toBe(dictionary.live.reconnecting);
      expect(hint).not.toBe("");
    }
  });

  it("tells when hours begin again, and what a camera's trouble is", () => {
    const at = Date.UTC(2026, 0, 5, 7, 30);
    const closed = messageOf({ kind: "outside-hours", opensAt: at }, "", dictionary, language, at);
    expect(closed?.hint).toMatch(/\d:\d\d/);
    const offline = { kind: "offline", what: "camera" } as const;
    expect(messageOf(offline, "Wrong password", dictionary, language, 0)?.hint).toBe(
      "Wrong password",
    );
  });

  it.each([
    ["hvc1.1.6.L93.B0,mp4a.40.2", "H.265 + AAC"],
    ["hev1.1.6.L93.B0,flac", "H.265 + G.711"],
    ["av01.0.04M.08", "av01.0.04M.08"],
  ])("calls %s as cameras do", (codecs, name) => {
    const message = messageOf({ kind: "unsupported", codecs }, "", dictionary, language, 0);
    expect(message?.hint).toContain(`: ${name}.`);
  });

  it("says nothing over a moving picture", () => {
    expect(messageOf({ kind: "playing" }, "", dictionary, language, 0)).toBeUndefined();
  });
});

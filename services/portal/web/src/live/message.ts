// What a person reads instead of a moving picture.

import type { Dictionary } from "../i18n/en";
import type { IconName } from "../parts/Icon.svelte";
import type { PlayerState } from "../player/state";
import { OWN_ZONE, momentText } from "../sharing/words";

export interface Message {
  /** Without one something is under way. */
  icon?: IconName;
  words: string;
  hint?: string;
}

/** What cameras' own settings call a codec, by the beginning of its name in RFC 6381. */
const CODECS: Record<string, string> = {
  avc: "H.264",
  hvc: "H.265",
  hev: "H.265",
  mp4a: "AAC",
  flac: "G.711",
};

function formatName(codecs: string): string {
  const names = codecs.split(",").map((codec) => {
    const known = Object.keys(CODECS).find((start) => codec.toLowerCase().startsWith(start));
    return known === undefined ? codec : CODECS[known];
  });
  return names.join(" + ");
}

/**
 * Undefined while the picture moves. `detail` is what the device says of the channel: a short
 * English sentence, or nothing.
 */
export function messageOf(
  state: PlayerState,
  detail: string,
  dictionary: Dictionary,
  language: string,
  nowMs: number,
): Message | undefined {
  const words = dictionary.live;
  switch (state.kind) {
    case "playing":
      return undefined;
    case "connecting":
      return { words: words.connecting };
    case "reconnecting":
      return { words: words.reconnecting };
    case "offline":
      return state.what === "device"
        ? { icon: "cut", words: words.deviceOffline, hint: words.resumes }
        : { icon: "cut", words: words.cameraOffline, hint: detail || words.resumes };
    case "unsupported":
      return {
        icon: "film",
        words: words.unsupported,
        hint: words.unsupportedHint(formatName(state.codecs)),
      };
    case "ended":
      return { icon: "shield", words: words.ended, hint: words.endedHint };
    case "unconfirmed":
      return { icon: "shield", words: words.unconfirmed, hint: words.unconfirmedHint };
    case "not-allowed":
      return { icon: "shield", words: words.notAllowed, hint: words.notAllowedHint };
    case "outside-hours": {
      if (state.opensAt === 0) {
        return { icon: "clock", words: words.outsideHours, hint: words.outsideHoursHint };
      }
      const moment = momentText(state.opensAt, nowMs, OWN_ZONE, language);
      const hint = words.opens(dictionary.sharing.access.yourTime(moment));
      return { icon: "clock", words: words.outsideHours, hint };
    }
    case "limit":
      return { icon: "people", words: words.limit, hint: words.limitHint };
  }
}

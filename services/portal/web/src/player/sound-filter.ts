// Leaves out a sound that is announced and not sent: a browser plays only what it has of both, so
// that the picture of a camera with a dead microphone would never begin, or stand still.

import { decodeTime, isKey, soundTrack, trackOf, withoutTrack } from "./mp4";
import type { Format } from "./protocol";

/** Pictures of such a time without any sound between them mean that none is sent. */
const SOUND_LATE_US = 1_000_000;

/** Most bytes that wait for the first sound; beyond it the picture begins without. */
const HELD_MAX_BYTES = 8 * 1024 * 1024;

export interface SoundFilterEvents {
  /** The init segment of this format comes next, then a key frame. */
  onFormat(format: Format): void;
  onMedia(bytes: ArrayBuffer): void;
}

export class SoundFilter {
  readonly #events: SoundFilterEvents;
  #format: Format | undefined;
  #init: ArrayBuffer | undefined;
  /** Number of the sound's track; without one there is nothing to leave out. */
  #sound: number | undefined;
  /** Undefined until the first sound has come, or has not. */
  #audible: boolean | undefined;
  /** What came before that is known. */
  #held: ArrayBuffer[] = [];
  #heldBytes = 0;
  /** Time of the first picture after the last sound. */
  #silentSinceUs: number | undefined;
  /** Some sound has come since it is left out. */
  #returned = false;

  constructor(events: SoundFilterEvents) {
    this.#events = events;
  }

  pushFormat(format: Format): void {
    this.#format = format;
    this.#init = undefined;
    this.#audible = undefined;
    this.#silentSinceUs = undefined;
    this.#letGo();
  }

  /** What comes next is later in time, sound as well as picture. */
  gap(): void {
    this.#silentSinceUs = undefined;
  }

  pushMedia(bytes: ArrayBuffer): void {
    if (this.#init === undefined) {
      this.#init = bytes;
      this.#sound = soundTrack(bytes);
      if (this.#sound === undefined) this.#begin(true);
    } else if (this.#sound === undefined) {
      this.#events.onMedia(bytes);
    } else if (trackOf(bytes) === this.#sound) {
      this.#pushSound(bytes);
    } else {
      this.#pushPicture(bytes);
    }
  }

  #pushSound(bytes: ArrayBuffer): void {
    this.#silentSinceUs = undefined;
    this.#returned = true;
    if (this.#audible === undefined) this.#begin(true);
    if (this.#audible) this.#events.onMedia(bytes);
  }

  #pushPicture(bytes: ArrayBuffer): void {
    const time = decodeTime(bytes);
    this.#silentSinceUs ??= time;
    const late = time - this.#silentSinceUs > SOUND_LATE_US;
    if (this.#audible === undefined) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.byteLength;
      if (late || this.#heldBytes > HELD_MAX_BYTES) this.#begin(false);
      return;
    }
    const change = this.#audible ? late : this.#returned && !late;
    if (change && isKey(bytes)) this.#begin(!this.#audible);
    this.#events.onMedia(bytes);
  }

  /** Starts the stream, or starts it over, with or without its sound. */
  #begin(audible: boolean): void {
    if (this.#format === undefined || this.#init === undefined) return;
    this.#audible = audible;
    this.#returned = false;
    if (audible || this.#sound === undefined) {
      this.#events.onFormat(this.#format);
      this.#events.onMedia(this.#init);
    } else {
      this.#events.onFormat(withoutSound(this.#format));
      this.#events.onMedia(withoutTrack(this.#init, this.#sound));
    }
    for (const bytes of this.#letGo()) this.#events.onMedia(bytes);
  }

  #letGo(): ArrayBuffer[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }
}

/** The codecs of pictures have these names (RFC 6381). */
const PICTURE = /^(avc|hvc|hev)\d\./;

function withoutSound(format: Format): Format {
  const codecs = format.codecs
    .split(",")
    .filter((codec) => PICTURE.test(codec))
    .join(",");
  return { ...format, codecs, mime: format.mime.replace(format.codecs, codecs) };
}

// For tests: init segments and fragments to the pattern in which the server makes them.

import { soundTrack } from "./mp4";

/** Numbers of the tracks. */
export const PICTURE = 1;
export const SOUND = 2;

export function initSegment(...tracks: ("vide" | "soun")[]): ArrayBuffer {
  const numbers = tracks.map((kind) => (kind === "vide" ? PICTURE : SOUND));
  return bytes(
    box("ftyp", text("iso6"), u32(1), text("iso6mp41")),
    box(
      "moov",
      box("mvhd", u32(0), new Uint8Array(96)),
      ...tracks.map((kind, at) =>
        box(
          "trak",
          box("tkhd", u32(3, 0, 0, numbers[at] ?? 0), new Uint8Array(68)),
          box("mdia", box("mdhd", new Uint8Array(24)), box("hdlr", u32(0, 0), text(kind))),
        ),
      ),
      box("mvex", ...numbers.map((number) => box("trex", u32(0, number, 1, 0, 0, 0)))),
    ),
  );
}

/** One sample; `at` in seconds. */
export function fragment(track: number, at: number, key = true): ArrayBuffer {
  const ticks = at * 1_000_000;
  const flags = key ? 0x0200_0000 : 0x0101_0000;
  const traf = box(
    "traf",
    box("tfhd", u32(0x02_0000, track)),
    box("tfdt", u32(0x0100_0000, Math.floor(ticks / 2 ** 32), ticks % 2 ** 32)),
    box("trun", u32(0x0100_0f01, 1, 108, 40_000, 3, flags, 0)),
  );
  return bytes(box("moof", box("mfhd", u32(0, 1)), traf), box("mdat", text("abc")));
}

/** Kinds of all boxes of an init segment, in order, and the track that its sound has. */
export function shapeOf(init: ArrayBuffer) {
  const kinds = new TextDecoder("latin1").decode(init).match(/trak|trex|vide|soun/g);
  return { kinds, sound: soundTrack(init) };
}

function box(kind: string, ...content: Uint8Array[]): Uint8Array {
  const inner = new Uint8Array(bytes(...content));
  return new Uint8Array(bytes(u32(8 + inner.length), text(kind), inner));
}

function bytes(...parts: Uint8Array[]): ArrayBuffer {
  return Uint8Array.from(parts.flatMap((part) => [...part])).buffer;
}

function text(letters: string): Uint8Array {
  return new TextEncoder().encode(letters);
}

function u32(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, at) => view.setUint32(4 * at, value));
  return new Uint8Array(view.buffer);
}

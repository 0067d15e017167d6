// As much of fragmented MP4 (ISO/IEC 14496-12) as it takes to leave one track out.

/** Kinds of boxes that hold the boxes that are looked for. */
const CONTAINERS = ["moov", "mvex", "trak", "mdia"];

// Places in a fragment, bytes: the server makes all of them to one pattern, `moof` with `mfhd`, `tfhd`,
// `tfdt` and `trun` of one sample.
const TRACK_AT = 44;
const TIME_AT = 60;
const FLAGS_AT = 96;

/** Sample flags: depends on no other sample. */
const SYNC = 0x0200_0000;

interface Box {
  kind: string;
  /** With its header, as everything here. */
  start: number;
  end: number;
}

/** Number of the sound's track in an init segment; undefined if it has no sound, or nothing else. */
export function soundTrack(init: ArrayBuffer): number | undefined {
  const view = new DataView(init);
  const tracks = inside(view, [...boxes(view, 0, init.byteLength)], "moov", "trak");
  const sound = tracks.find((trak) => handler(view, trak) === "soun");
  return sound === undefined || tracks.length < 2 ? undefined : trackNumber(view, sound);
}

/** The init segment as it would be without this track. */
export function withoutTrack(init: ArrayBuffer, track: number): ArrayBuffer {
  const view = new DataView(init);
  return join([...boxes(view, 0, init.byteLength)].map((box) => copy(view, box, track)));
}

/** Number of the track that a fragment belongs to. */
export function trackOf(fragment: ArrayBuffer): number {
  return new DataView(fragment).getUint32(TRACK_AT);
}

/** When a fragment is to be decoded, in ticks of its track: microseconds for a picture. */
export function decodeTime(fragment: ArrayBuffer): number {
  return Number(new DataView(fragment).getBigUint64(TIME_AT));
}

/** Whether decoding can start here. */
export function isKey(fragment: ArrayBuffer): boolean {
  return new DataView(fragment).getUint32(FLAGS_AT) === SYNC;
}

function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  for (let start = from; start + 8 <= to;) {
    const end = start + Math.max(view.getUint32(start), 8);
    yield { kind: letters(view, start + 4), start, end: Math.min(end, to) };
    start = end;
  }
}

function inside(view: DataView, among: Box[], kind: string, ...rest: string[]): Box[] {
  const found = among.filter((box) => box.kind === kind);
  const [next, ...further] = rest;
  if (next === undefined) return found;
  return found.flatMap((box) =>
    inside(view, [...boxes(view, box.start + 8, box.end)], next, ...further),
  );
}

function handler(view: DataView, trak: Box): string | undefined {
  const [hdlr] = inside(view, [trak], "trak", "mdia", "hdlr");
  return hdlr && letters(view, hdlr.start + 16);
}

function trackNumber(view: DataView, trak: Box): number | undefined {
  const [tkhd] = inside(view, [trak], "trak", "tkhd");
  return tkhd && view.getUint32(tkhd.start + 20);
}

/** Nothing for what is of the track. */
function copy(view: DataView, { kind, start, end }: Box, track: number): ArrayBuffer {
  if (kind === "trak" && trackNumber(view, { kind, start, end }) === track)
    return new ArrayBuffer();
  if (kind === "trex" && view.getUint32(start + 12) === track) return new ArrayBuffer();
  if (!CONTAINERS.includes(kind)) return view.buffer.slice(start, end) as ArrayBuffer;
  const content = [...boxes(view, start + 8, end)].map((box) => copy(view, box, track));
  const whole = join([view.buffer.slice(start, start + 8) as ArrayBuffer, ...content]);
  new DataView(whole).setUint32(0, whole.byteLength);
  return whole;
}

function join(parts: ArrayBuffer[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return whole.buffer;
}

function letters(view: DataView, at: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
}

import { beforeEach, expect, it } from "vitest";
import { fragment, initSegment, PICTURE, SOUND } from "./mp4-pattern";
import { trackOf } from "./mp4";
import type { Format } from "./protocol";
import { SoundFilter } from "./sound-filter";

const BOTH: Format = {
  kind: "format",
  mime: 'video/mp4; codecs="avc1.64001f,mp4a.40.2"',
  codecs: "avc1.64001f,mp4a.40.2",
  width: 640,
  height: 360,
};
const ALONE = { ...BOTH, mime: 'video/mp4; codecs="avc1.64001f"', codecs: "avc1.64001f" };

/** Formats, and the fragments by their tracks. */
let told: (Format | "picture" | "sound" | "init" | "init without sound")[];
let filter: SoundFilter;

beforeEach(() => {
  told = [];
  filter = new SoundFilter({
    onFormat: (format) => told.push(format),
    onMedia: (bytes) => told.push(nameOf(bytes)),
  });
});

function nameOf(bytes: ArrayBuffer) {
  if (new DataView(bytes).getUint32(4) !== 0x6674_7970) {
    return trackOf(bytes) === SOUND ? "sound" : "picture";
  }
  return bytes.byteLength === initSegment("vide").byteLength ? "init without sound" : "init";
}

function begin(): void {
  filter.pushFormat(BOTH);
  filter.pushMedia(initSegment("vide", "soun"));
}

/** Five pictures a second, key frames at whole ones, each followed by sound if there is any. */
function send(from: number, to: number, sound: boolean): void {
  for (let at = from * 5; at < to * 5; at++) {
    filter.pushMedia(fragment(PICTURE, at / 5, at % 5 === 0));
    if (sound) filter.pushMedia(fragment(SOUND, at / 5));
  }
}

const formats = () => told.filter((what) => typeof what === "object");

it("passes a stream with sound on as it is", () => {
  begin();
  send(0, 4, true);
  expect(told.slice(0, 4)).toEqual([BOTH, "init", "picture", "sound"]);
  expect(told).toHaveLength(2 + 40);
});

it("passes a stream without a sound, and one of sound alone, on at once", () => {
  filter.pushFormat(ALONE);
  filter.pushMedia(initSegment("vide"));
  filter.pushMedia(fragment(PICTURE, 0));
  expect(told).toEqual([ALONE, "init without sound", "picture"]);
  filter.pushFormat(BOTH);
  filter.pushMedia(initSegment("soun"));
  filter.pushMedia(fragment(SOUND, 0));
  expect(told.at(-1)).toBe("sound");
});

it("begins without the sound that does not come within a second, and loses no picture", () => {
  begin();
  send(0, 1, false);
  expect(told).toEqual([]);
  send(1, 3, false);
  expect(told.slice(0, 2)).toEqual([ALONE, "init without sound"]);
  expect(told.slice(2)).toEqual(Array(15).fill("picture"));
});

it("goes on without a sound that ends, from a key frame on", () => {
  begin();
  send(0, 2, true);
  send(2, 5, false);
  expect(formats()).toEqual([BOTH, ALONE]);
  const after = told.slice(told.findLastIndex((what) => typeof what === "object"));
  // The last sound was before 2 s; 3 s is within a second of it, 4 s is not.
  expect(after).toEqual([ALONE, "init without sound", ...Array(5).fill("picture")]);
});

it("takes the sound back when it comes, from a key frame on", () => {
  begin();
  send(0, 3, false);
  send(3, 4, true);
  expect(formats()).toEqual([ALONE]);
  expect(told).not.toContain("sound");
  send(4, 6, true);
  expect(formats()).toEqual([ALONE, BOTH]);
  expect(told.filter((what) => what === "sound")).toHaveLength(10);
});

it("does not take a gap for silence, nor for a return of the sound", () => {
  begin();
  send(0, 2, true);
  filter.gap();
  send(60, 61, false);
  expect(formats()).toEqual([BOTH]);
  send(61, 63, false);
  filter.gap();
  send(90, 92, false);
  expect(formats()).toEqual([BOTH, ALONE]);
});

it("waits for the sound with no more than its bound of pictures", () => {
  begin();
  const large = new Uint8Array(5 * 1024 * 1024);
  large.set(new Uint8Array(fragment(PICTURE, 0)));
  filter.pushMedia(large.buffer);
  expect(told).toEqual([]);
  filter.pushMedia(large.buffer.slice());
  expect(told).toEqual([ALONE, "init without sound", "picture", "picture"]);
});

it("forgets what waited when the tracks change", () => {
  begin();
  send(0, 0.6, false);
  begin();
  send(0, 1, true);
  expect(told.slice(0, 4)).toEqual([BOTH, "init", "picture", "sound"]);
});

import { expect, it } from "vitest";
import { decodeTime, isKey, soundTrack, trackOf, withoutTrack } from "./mp4";
import { fragment, initSegment, PICTURE, shapeOf, SOUND } from "./mp4-pattern";

it("finds the sound that can be left out", () => {
  expect(soundTrack(initSegment("vide", "soun"))).toBe(SOUND);
  expect(soundTrack(initSegment("soun", "vide"))).toBe(SOUND);
  expect(soundTrack(initSegment("vide"))).toBeUndefined();
  expect(soundTrack(initSegment("soun"))).toBeUndefined();
});

it("makes the init segment that a stream without the sound has", () => {
  const both = initSegment("vide", "soun");
  expect(shapeOf(both).kinds).toEqual(["trak", "vide", "trak", "soun", "trex", "trex"]);
  expect(withoutTrack(both, SOUND)).toEqual(initSegment("vide"));
  expect(withoutTrack(both, 7)).toEqual(both);
});

it("reads what a fragment is of, when it is and whether decoding can start there", () => {
  const hour = fragment(PICTURE, 3600, false);
  expect([trackOf(hour), decodeTime(hour), isKey(hour)]).toEqual([PICTURE, 3_600_000_000, false]);
  expect(isKey(fragment(PICTURE, 0))).toBe(true);
  expect(trackOf(fragment(SOUND, 0))).toBe(SOUND);
});

it("comes to an end with boxes that are broken", () => {
  for (const size of [0, 7, 0xffff_ffff]) {
    const broken = initSegment("vide", "soun");
    new DataView(broken).setUint32(20, size);
    soundTrack(broken);
    withoutTrack(broken, SOUND);
  }
});

import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ChannelSchema } from "../gen/sightline/device/v1/device_pb";
import { Codec, StreamKind } from "../gen/sightline/live/v1/media_pb";
import { hasSubStream, soundOf, videoText } from "./channels";

const { MAIN, SUB } = StreamKind;
const picture = { codec: Codec.H265, width: 2560, height: 1440 };
const sound = { codec: Codec.AAC, sampleRate: 44_100, channels: 1 };
const channel = (...streams: object[]) => create(ChannelSchema, { number: 1, streams });

it("tells size and codec of each stream by its own tracks", () => {
  const small = { codec: Codec.H264, width: 640, height: 360 };
  const both = channel({ kind: SUB, tracks: [small] }, { kind: MAIN, tracks: [sound, picture] });
  expect(videoText(both, MAIN)).toBe("2560×1440 H.265");
  expect(videoText(both, SUB)).toBe("640×360 H.264");
});

it("tells a stream that never ran from one that the camera does not have", () => {
  const quiet = channel({ kind: MAIN }, { kind: SUB });
  expect([videoText(quiet, SUB), hasSubStream(quiet)]).toEqual([undefined, true]);
  expect(hasSubStream(channel({ kind: MAIN, tracks: [picture] }))).toBe(false);
});

it("finds the sound of a channel in whichever stream has it", () => {
  const ofSub = channel({ kind: MAIN, tracks: [picture] }, { kind: SUB, tracks: [sound] });
  expect(soundOf(ofSub)).toEqual({ codec: "AAC", kilohertz: 44.1 });
  expect(soundOf(channel({ kind: MAIN, tracks: [picture] }))).toBeUndefined();
});

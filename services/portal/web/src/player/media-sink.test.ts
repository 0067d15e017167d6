import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeMediaSource, type FakeSourceBuffer } from "./fake-media-source";
import { canPlay, MediaSink, type SinkEvents } from "./media-sink";
import type { Format } from "./protocol";

const H264: Format = { kind: "format", mime: "h264", codecs: "", width: 640, height: 360 };
const OTHER: Format = { ...H264, mime: "h264,flac" };

let video: { currentTime: number; src: string; disableRemotePlayback: boolean };
let told: string[];

beforeEach(() => {
  vi.stubGlobal("MediaSource", FakeMediaSource);
  vi.stubGlobal("URL", { createObjectURL: () => "blob:1", revokeObjectURL: () => undefined });
  video = { currentTime: 0, src: "", disableRemotePlayback: false };
  told = [];
});

afterEach(() => vi.unstubAllGlobals());

function openSink(): { sink: MediaSink; buffer: FakeSourceBuffer } {
  const events: SinkEvents = {
    onAppended: () => told.push("appended"),
    onEmptied: () => told.push("emptied"),
    onFailed: (why) => told.push(`failed: ${why}`),
  };
  const sink = new MediaSink(video as never, events);
  sink.pushFormat(H264);
  FakeMediaSource.last.open();
  return { sink, buffer: FakeMediaSource.last.buffer };
}

const seconds = (count: number) => new ArrayBuffer(count);

it("knows what the browser plays, and that one without media sources plays nothing", () => {
  expect(canPlay(H264)).toBe(true);
  expect(canPlay({ ...H264, mime: "hvc1" })).toBe(false);
  vi.stubGlobal("MediaSource", undefined);
  expect(canPlay(H264)).toBe(false);
  vi.stubGlobal("ManagedMediaSource", FakeMediaSource);
  expect(canPlay(H264)).toBe(true);
});

it("appends one piece at a time, and what waited meanwhile at once", () => {
  const { sink, buffer } = openSink();
  for (let at = 0; at < 4; at++) sink.pushMedia(seconds(1));
  expect(buffer.log).toEqual(["append 1"]);
  buffer.finish();
  expect(buffer.log).toEqual(["append 1", "append 3"]);
});

it("keeps what arrives before the source has opened", () => {
  const sink = new MediaSink(video as never, {
    onAppended: () => undefined,
    onEmptied: () => undefined,
    onFailed: () => undefined,
  });
  sink.pushFormat(H264);
  sink.pushMedia(seconds(2));
  FakeMediaSource.last.open();
  expect(FakeMediaSource.last.buffer.log).toEqual(["append 2"]);
});

it("empties the buffer for a new format, since its times may begin anywhere", () => {
  const { sink, buffer } = openSink();
  sink.pushMedia(seconds(2));
  buffer.finish();
  sink.pushFormat(OTHER);
  sink.pushMedia(seconds(1));
  expect(told.at(-1)).toBe("emptied");
  buffer.finish();
  expect(buffer.log).toEqual(["append 2", "remove to Infinity", "type h264,flac", "append 1"]);
});

it("does not change the type for an init segment of the same one", () => {
  const { sink, buffer } = openSink();
  sink.pushMedia(seconds(2));
  buffer.finish();
  sink.pushFormat(H264);
  buffer.finish();
  expect(buffer.log).toEqual(["append 2", "remove to Infinity"]);
});

it("makes room when the browser has no more, and loses nothing", () => {
  const { sink, buffer } = openSink();
  sink.pushMedia(seconds(3));
  buffer.finish();
  buffer.room = 4;
  video.currentTime = 2.5;
  sink.pushMedia(seconds(2));
  expect(buffer.log.slice(1)).toEqual(["refused", "remove to 2"]);
  buffer.finish();
  expect(buffer.log.at(-1)).toBe("append 2");
  expect(told.filter((what) => what.startsWith("failed"))).toEqual([]);
});

it("gives up when there is no room to be made", () => {
  const { sink, buffer } = openSink();
  buffer.room = 1;
  sink.pushMedia(seconds(2));
  expect(told.at(-1)).toMatch(/^failed: QuotaExceededError/);
  sink.pushMedia(seconds(1));
  expect(buffer.log).toEqual(["refused"]);
});

it("gives up when more waits than it may keep", () => {
  const { sink } = openSink();
  for (let at = 0; at < 40; at++) sink.pushMedia(seconds(1024 * 1024));
  expect(told).toEqual(["failed: the browser falls behind"]);
});

it("gives up on a segment that the browser refuses, once", () => {
  const { sink, buffer } = openSink();
  sink.pushMedia(seconds(1));
  buffer.dispatchEvent(new Event("error"));
  buffer.finish();
  expect(told).toEqual(["failed: the browser refused a segment"]);
});

import { expect, it } from "vitest";
import { liveUrl, parseMessage } from "./protocol";

it("reads the format of the init segment that follows", () => {
  const text =
    '{"codecs":"avc1.64001f,mp4a.40.2","mime":"video/mp4; codecs=\\"avc1.64001f,mp4a.40.2\\"","width":1280,"height":720}';
  expect(parseMessage(text)).toEqual({
    kind: "format",
    mime: 'video/mp4; codecs="avc1.64001f,mp4a.40.2"',
    codecs: "avc1.64001f,mp4a.40.2",
    width: 1280,
    height: 720,
  });
});

it("reads gaps and ends", () => {
  expect(parseMessage('{"gap":{"lost":37}}')).toEqual({ kind: "gap", lost: 37 });
  expect(parseMessage('{"ended":{"reason":"TOO_SLOW","message":"read nothing"}}')).toEqual({
    kind: "ended",
    reason: "TOO_SLOW",
    message: "read nothing",
    opensAt: 0,
  });
  const closed =
    '{"ended":{"reason":"OUTSIDE_HOURS","message":"","opens_at_unix_ms":1795500000000}}';
  expect(parseMessage(closed)).toMatchObject({
    reason: "OUTSIDE_HOURS",
    opensAt: 1_795_500_000_000,
  });
});

it("treats a reason of a newer server as a lost connection", () => {
  const message = parseMessage('{"ended":{"reason":"SOLAR_FLARE"}}');
  expect(message).toMatchObject({ kind: "ended", reason: "CONNECTION_LOST" });
});

it("ignores what it does not know", () => {
  for (const text of ["", "no JSON", "null", "7", "[]", "{}", '{"ptz":{}}', '{"gap":7}']) {
    expect(parseMessage(text)).toBeUndefined();
  }
});

it("counts nothing from numbers that are none", () => {
  for (const lost of ["-1", "1.5", "1e999", '"3"', "null"]) {
    expect(parseMessage(`{"gap":{"lost":${lost}}}`)).toEqual({ kind: "gap", lost: 0 });
  }
});

it("asks for the stream on the page's own origin", () => {
  expect(liveUrl("https://cloud.example:8443", "AB CD", 3, "sub")).toBe(
    "wss://cloud.example:8443/v1/live/AB%20CD/3?stream=sub",
  );
});

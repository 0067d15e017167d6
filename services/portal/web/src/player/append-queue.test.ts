import { expect, it } from "vitest";
import { AppendQueue } from "./append-queue";
import type { Format } from "./protocol";

const MIB = 1024 * 1024;
const format: Format = { kind: "format", mime: "video/mp4", codecs: "", width: 1, height: 1 };

function bytes(...values: number[]): ArrayBuffer {
  return new Uint8Array(values).buffer;
}

it("joins what arrived in a burst, in order", () => {
  const queue = new AppendQueue();
  for (const part of [bytes(1, 2), bytes(3), bytes(4, 5)]) queue.pushMedia(part);
  expect(queue.take()).toEqual({ media: new Uint8Array([1, 2, 3, 4, 5]) });
  expect(queue.isEmpty).toBe(true);
});

it("never joins across a change of format", () => {
  const queue = new AppendQueue();
  queue.pushMedia(bytes(1));
  queue.pushFormat(format);
  queue.pushMedia(bytes(2));
  expect(queue.take()).toEqual({ media: new Uint8Array([1]) });
  expect(queue.take()).toEqual({ format });
  expect(queue.take()).toEqual({ media: new Uint8Array([2]) });
  expect(queue.take()).toBeUndefined();
});

it("bounds one append, but lets a single large fragment through", () => {
  const queue = new AppendQueue();
  for (const size of [1.5 * MIB, MIB, 3 * MIB]) queue.pushMedia(new ArrayBuffer(size));
  const sizes = [queue.take(), queue.take(), queue.take()].map(
    (piece) => piece !== undefined && "media" in piece && piece.media.byteLength,
  );
  expect(sizes).toEqual([1.5 * MIB, MIB, 3 * MIB]);
});

it("refuses what passes the bound, and is empty afterwards", () => {
  const queue = new AppendQueue();
  let accepted = 0;
  while (queue.pushMedia(new ArrayBuffer(MIB))) accepted++;
  expect(accepted).toBe(16);
  expect(queue.take()).toBeUndefined();
  expect(queue.pushMedia(new ArrayBuffer(MIB))).toBe(true);
});

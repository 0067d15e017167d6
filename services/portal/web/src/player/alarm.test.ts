import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { alarm } from "./alarm";

const HOUR_MS = 3_600_000;
let rung: number[];

beforeEach(() => {
  vi.useFakeTimers();
  rung = [];
});

afterEach(() => vi.useRealTimers());

const ring = () => void rung.push(Date.now());

it("rings once, at the moment", async () => {
  const moment = Date.now() + HOUR_MS + 1;
  alarm(moment, ring);
  await vi.advanceTimersByTimeAsync(3 * HOUR_MS);
  expect(rung).toEqual([moment]);
});

it("rings soon after a sleep in which the moment has passed", async () => {
  alarm(Date.now() + HOUR_MS, ring);
  vi.setSystemTime(Date.now() + 2 * HOUR_MS);
  await vi.advanceTimersByTimeAsync(21_000);
  expect(rung).toHaveLength(1);
});

it("rings at once for what has passed, and never for what does not come", async () => {
  alarm(Date.now() - HOUR_MS, ring);
  alarm(Infinity, ring);
  await vi.advanceTimersByTimeAsync(100 * HOUR_MS);
  expect(rung).toHaveLength(1);
});

it("does not ring after it was called off", async () => {
  const callOff = alarm(Date.now() + HOUR_MS, ring);
  await vi.advanceTimersByTimeAsync(HOUR_MS / 2);
  callOff();
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(rung).toEqual([]);
});

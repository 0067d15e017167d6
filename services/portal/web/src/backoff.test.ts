import { expect, it } from "vitest";
import { backoffMs } from "./backoff";

it("doubles up to a limit", () => {
  const waits = [0, 1, 2, 3, 20, 2000].map((attempt) => backoffMs(attempt, () => 1));
  expect(waits).toEqual([400, 800, 1600, 3200, 15_000, 15_000]);
});

it("spreads the viewers of a restarted node over half of the wait", () => {
  expect(backoffMs(3, () => 0)).toBe(1600);
  expect(backoffMs(3, () => 0.5)).toBe(2400);
});

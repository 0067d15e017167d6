import { expect, it } from "vitest";
import { pace, startAt } from "./pace";

/** Plays on while frames arrive in time; returns how far behind it was at each step. */
function play(behindS: number, seconds: number): { behind: number[]; rates: number[] } {
  const STEP_S = 0.2;
  const behind: number[] = [];
  const rates: number[] = [];
  let rate = 1;
  for (let at = 0; at < seconds; at += STEP_S) {
    const next = pace(behindS, rate);
    if ("jumpBy" in next) behindS -= next.jumpBy;
    else rate = next.rate;
    behindS += (1 - rate) * STEP_S;
    behind.push(behindS);
    rates.push(rate);
  }
  return { behind, rates };
}

it("plays at normal speed inside the window", () => {
  expect(pace(0.15, 1)).toEqual({ rate: 1 });
  expect(pace(0.22, 1)).toEqual({ rate: 1 });
  expect(pace(0.3, 1)).toEqual({ rate: 1 });
});

it("jumps when more than two seconds behind, and lands inside the window", () => {
  const next = pace(2.4, 1);
  expect("jumpBy" in next && 2.4 - next.jumpBy).toBeCloseTo(0.22);
});

it("catches up from two seconds within half a minute and then stays in the window", () => {
  const { behind, rates } = play(1.99, 60);
  expect(Math.max(...rates)).toBeLessThanOrEqual(1.1);
  for (const value of behind.slice(30 / 0.2)) {
    expect(value).toBeGreaterThanOrEqual(0.15);
    expect(value).toBeLessThanOrEqual(0.3);
  }
});

it("corrects into the middle of the window, so that jitter does not start it over", () => {
  expect(play(0.5, 60).behind.at(-1)).toBeLessThan(0.25);
});

it("wins the reserve back within three seconds after the buffer ran dry", () => {
  const { behind, rates } = play(0, 3);
  expect(Math.min(...rates)).toBeGreaterThanOrEqual(0.85);
  expect(behind.at(-1)).toBeGreaterThanOrEqual(0.15);
  expect(Math.max(...behind)).toBeLessThanOrEqual(0.3);
});

it("does not flap: once corrected, the rate stays at one", () => {
  const { rates } = play(0.5, 60);
  const settled = rates.findIndex((rate) => rate === 1);
  expect(rates.slice(settled).every((rate) => rate === 1)).toBe(true);
});

it("starts near the edge, but never before the first picture", () => {
  expect(startAt(10, 8)).toBeCloseTo(9.78);
  expect(startAt(10, 9.9)).toBe(9.9);
});

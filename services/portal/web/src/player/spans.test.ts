import { describe, expect, it } from "vitest";
import { beyondHole, liveEdge, trimEnd } from "./spans";

describe("holes", () => {
  const spans = [
    { start: 0, end: 10 },
    { start: 14, end: 16 },
  ];

  it("leaves a playhead alone that still has pictures before it", () => {
    expect(beyondHole(spans, 9.5)).toBeUndefined();
    expect(beyondHole(spans, 15)).toBeUndefined();
  });

  it("leads from the end of a span to the start of the next", () => {
    expect(beyondHole(spans, 10)).toBe(14);
    expect(beyondHole(spans, 9.97)).toBe(14);
    expect(beyondHole(spans, 12)).toBe(14);
  });

  it("waits at the live edge, where nothing newer is", () => {
    expect(beyondHole(spans, 16)).toBeUndefined();
    expect(beyondHole([], 3)).toBeUndefined();
  });

  it("leads to the first picture when the playhead is before it", () => {
    expect(beyondHole([{ start: 100, end: 101 }], 0)).toBe(100);
  });
});

describe("trimming", () => {
  it("keeps what is just behind the playhead", () => {
    expect(trimEnd([{ start: 0, end: 12.2 }], 12)).toBe(8);
  });

  it("does not bother about less than a step", () => {
    expect(trimEnd([{ start: 5, end: 12.2 }], 12)).toBeUndefined();
    expect(trimEnd([], 12)).toBeUndefined();
  });

  it("never lets more than twenty seconds stay, even while the playhead stands still", () => {
    let start = 0;
    for (let edge = 0; edge < 120; edge += 0.04) {
      start = trimEnd([{ start, end: edge }], 1) ?? start;
      expect(edge - start).toBeLessThanOrEqual(20.1);
    }
  });
});

it("takes the end of the last span for the live edge", () => {
  expect(
    liveEdge([
      { start: 0, end: 1 },
      { start: 3, end: 4 },
    ]),
  ).toBe(4);
  expect(liveEdge([])).toBeUndefined();
});

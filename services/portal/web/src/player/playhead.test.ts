import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Playhead } from "./playhead";
import type { Span } from "./spans";

/** A <video> that plays what the sink has, by the clock of the test. */
class FakeVideo {
  currentTime = 0;
  playbackRate = 1;
  muted = false;
  paused = true;
  refusesSound = false;

  play(): Promise<void> {
    if (this.refusesSound && !this.muted) {
      return Promise.reject(new DOMException("no gesture", "NotAllowedError"));
    }
    this.paused = false;
    return Promise.resolve();
  }
}

const TICK_MS = 40;

let page: { hidden: boolean };
let video: FakeVideo;
let spans: Span[];
let told: string[];
let behind: number | undefined;
let playhead: Playhead;

beforeEach(() => {
  vi.useFakeTimers();
  page = { hidden: false };
  vi.stubGlobal("document", page);
  video = new FakeVideo();
  spans = [];
  told = [];
  behind = undefined;
  const sink = {
    get spans() {
      return spans;
    },
    isDrained: true,
  };
  playhead = new Playhead(video as never, sink as never, {
    onBehind: (seconds) => (behind = seconds),
    onSoundRefused: () => told.push("sound refused"),
    onStuck: () => told.push("stuck"),
  });
});

afterEach(() => {
  playhead.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The camera goes on for so long, and the video plays what it has, unless it stands. */
async function goOn(seconds: number, { arrives = true, moves = true } = {}): Promise<void> {
  for (let at = 0; at < seconds * 1000; at += TICK_MS) {
    const last = spans.at(-1);
    if (arrives && last !== undefined) {
      last.end += TICK_MS / 1000;
      playhead.appended();
    }
    const span = spans.find(
      ({ start, end }) => start <= video.currentTime && video.currentTime < end,
    );
    if (moves && span !== undefined && !video.paused) {
      const next = video.currentTime + (video.playbackRate * TICK_MS) / 1000;
      video.currentTime = Math.min(next, span.end);
    }
    await vi.advanceTimersByTimeAsync(TICK_MS);
  }
}

async function start(span: Span): Promise<void> {
  spans = [span];
  playhead.appended();
  await vi.advanceTimersByTimeAsync(0);
}

const distance = () => (spans.at(-1)?.end ?? NaN) - video.currentTime;

it("begins near the newest picture, not at the first one", async () => {
  await start({ start: 100, end: 103 });
  expect(video.currentTime).toBeCloseTo(102.78);
  expect(video.paused).toBe(false);
});

it("stays between 0.15 and 0.3 seconds behind, and tells how far", async () => {
  await start({ start: 0, end: 0.04 });
  await goOn(8);
  for (let at = 0; at < 50; at++) {
    await goOn(0.2);
    expect(distance()).toBeGreaterThanOrEqual(0.15);
    expect(distance()).toBeLessThanOrEqual(0.3);
  }
  expect(behind).toBeCloseTo(distance(), 1);
  expect(video.playbackRate).toBe(1);
});

it("plays faster when too far behind, and slower when too near", async () => {
  await start({ start: 0, end: 3 });
  await goOn(3);
  video.currentTime -= 0.6;
  await goOn(0.4);
  expect(video.playbackRate).toBeGreaterThan(1);
  await goOn(20);
  expect(video.playbackRate).toBe(1);
  video.currentTime = (spans.at(-1)?.end ?? 0) - 0.02;
  await goOn(0.4);
  expect(video.playbackRate).toBeLessThan(1);
});

it("jumps when more than two seconds behind", async () => {
  await start({ start: 0, end: 3 });
  await goOn(3);
  video.currentTime -= 2.5;
  await goOn(0.4);
  expect(distance()).toBeLessThan(0.4);
  expect(video.playbackRate).toBeLessThan(1.1);
});

it("jumps over a hole at once", async () => {
  await start({ start: 0, end: 3 });
  await goOn(1);
  video.currentTime = spans[0]?.end ?? 0;
  spans = [...spans, { start: 20, end: 20.1 }];
  playhead.appended();
  expect(video.currentTime).toBe(20);
});

it("begins anew after a restart, wherever the times are then", async () => {
  await start({ start: 500, end: 503 });
  await goOn(1);
  spans = [];
  playhead.restart();
  await goOn(1);
  await start({ start: 2, end: 2.04 });
  expect(video.currentTime).toBe(2);
});

it("plays in silence where the browser refuses sound, and tells it", async () => {
  video.refusesSound = true;
  await start({ start: 0, end: 1 });
  expect([video.muted, video.paused, ...told]).toEqual([true, false, "sound refused"]);
});

it("tells of a decoder that stands still while pictures arrive", async () => {
  await start({ start: 0, end: 1 });
  await goOn(1);
  // The jumps over what was missed do not count as movement of their own for ever.
  video.paused = true;
  await goOn(1.5, { moves: false });
  expect(told).toEqual([]);
  spans = [{ start: 0, end: video.currentTime + 1 }];
  await goOn(6, { arrives: false, moves: false });
  expect(told).toEqual(["stuck"]);
});

it("does not take a camera that sends nothing, or a hidden page, for a stuck decoder", async () => {
  await start({ start: 0, end: 1 });
  await goOn(2);
  await goOn(12, { arrives: false });
  expect(told).toEqual([]);
  page.hidden = true;
  spans = [{ start: 0, end: video.currentTime + 1.5 }];
  video.paused = true;
  await goOn(12, { arrives: false, moves: false });
  expect(told).toEqual([]);
});

it("tells of a buffer that never begins to fill", async () => {
  await vi.advanceTimersByTimeAsync(6_000);
  expect(told).toEqual(["stuck"]);
});

it("catches up at once with a page that is seen again", async () => {
  await start({ start: 0, end: 3 });
  await goOn(1);
  video.paused = true;
  spans = [{ start: 0, end: video.currentTime + 1.5 }];
  playhead.returned();
  await vi.advanceTimersByTimeAsync(0);
  expect(distance()).toBeCloseTo(0.22);
  expect(video.paused).toBe(false);
});

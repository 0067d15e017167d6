// Keeps the playhead of a <video> element a small, steady time behind the live edge.

import type { MediaSink } from "./media-sink";
import { pace, startAt } from "./pace";
import { beyondHole, liveEdge } from "./spans";

const TICK_MS = 200;

/** While the first pictures arrive in a burst, a jump replaces catching up from this far on. */
const SETTLE_BEHIND_S = 0.6;

/** The burst is over by then; from then on the rate does it. */
const SETTLE_MS = 2_000;

/** Each jump flushes the decoder, so give it time to show something in between. */
const SETTLE_STEP_MS = 350;

/** Data arrives and the picture stands still for so long: the decoder is stuck. */
const STUCK_MS = 5_000;

/** Returning to a tab that slept: anything more than a blink behind is jumped over. */
const RETURN_BEHIND_S = 0.8;

export interface PlayheadEvents {
  /** Seconds behind the newest frame; on every tick while playing. */
  onBehind(seconds: number): void;
  /** The browser refused to play with sound before the person touched the page. */
  onSoundRefused(): void;
  onStuck(): void;
}

export class Playhead {
  readonly #video: HTMLVideoElement;
  readonly #sink: MediaSink;
  readonly #events: PlayheadEvents;
  readonly #ticker: ReturnType<typeof setInterval>;
  #startedAt: number | undefined;
  #jumpedAt = 0;
  #movedAt = performance.now();
  #lastTime = -1;

  constructor(video: HTMLVideoElement, sink: MediaSink, events: PlayheadEvents) {
    this.#video = video;
    this.#sink = sink;
    this.#events = events;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  /** After each append: starts, follows the burst, and jumps over holes without waiting for a tick. */
  appended(): void {
    const spans = this.#sink.spans;
    const edge = liveEdge(spans);
    if (edge === undefined) return;
    const now = performance.now();
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#jump(startAt(edge, spans[0]?.start ?? 0));
      void this.play();
      return;
    }
    const hole = beyondHole(spans, this.#video.currentTime);
    if (hole !== undefined) return this.#jump(Math.max(hole, startAt(edge, hole)));
    const settling = now - this.#startedAt < SETTLE_MS && now - this.#jumpedAt > SETTLE_STEP_MS;
    if (settling && this.#sink.isDrained && edge - this.#video.currentTime > SETTLE_BEHIND_S) {
      this.#jump(startAt(edge, 0));
    }
  }

  /** What comes next may have any times: begin with it as with a first picture. */
  restart(): void {
    this.#startedAt = undefined;
    this.#movedAt = performance.now();
  }

  async play(): Promise<void> {
    try {
      await this.#video.play();
    } catch (error) {
      // AbortError: the element got another source meanwhile, which plays by itself.
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      if (this.#video.muted) return;
      this.#video.muted = true;
      this.#events.onSoundRefused();
      await this.#video.play().catch(() => undefined);
    }
  }

  /** The tab is seen again. */
  returned(): void {
    this.#movedAt = performance.now();
    const edge = liveEdge(this.#sink.spans);
    if (edge === undefined || this.#startedAt === undefined) return;
    if (edge - this.#video.currentTime > RETURN_BEHIND_S) this.#jump(startAt(edge, 0));
    if (this.#video.paused) void this.play();
  }

  close(): void {
    clearInterval(this.#ticker);
  }

  #tick(): void {
    if (this.#startedAt === undefined) return this.#watchProgress();
    const edge = liveEdge(this.#sink.spans);
    if (edge === undefined) return;
    const behind = Math.max(0, edge - this.#video.currentTime);
    const next = pace(behind, this.#video.playbackRate);
    if ("jumpBy" in next) {
      this.#jump(this.#video.currentTime + next.jumpBy);
    } else {
      const rate = Math.round(next.rate * 100) / 100;
      if (rate !== this.#video.playbackRate) this.#video.playbackRate = rate;
      this.#events.onBehind(behind);
    }
    this.#watchProgress();
  }

  #watchProgress(): void {
    const now = performance.now();
    const edge = liveEdge(this.#sink.spans) ?? 0;
    const starved = this.#startedAt !== undefined && edge - this.#video.currentTime < 0.5;
    if (this.#video.currentTime !== this.#lastTime || starved || document.hidden) {
      this.#lastTime = this.#video.currentTime;
      this.#movedAt = now;
    } else if (now - this.#movedAt > STUCK_MS) {
      this.#movedAt = now;
      this.#events.onStuck();
    }
  }

  #jump(to: number): void {
    this.#video.currentTime = to;
    this.#jumpedAt = performance.now();
  }
}

// Shows one channel live in a <video> element, for as long as somebody wants it: connects, plays,
// and starts over after whatever goes wrong, telling its state all the while.
//
// The parts: `connection` speaks the protocol, `sound-filter` leaves out a sound that does not come,
// `media-sink` buffers, `playhead` keeps the delay small, `state` decides what follows an end. This
// file puts them together and owns the retries.

import { backoffMs } from "../backoff";
import { alarm } from "./alarm";
import { Connection } from "./connection";
import { canPlay, MediaSink } from "./media-sink";
import { Playhead } from "./playhead";
import { liveUrl, type EndReason, type Format, type StreamName } from "./protocol";
import { SoundFilter } from "./sound-filter";
import { afterEnd, type PlayerState } from "./state";
import type { TokenSource } from "../session/token-source";

/** Wait before another attempt when the server has no room for a viewer. */
const SELDOM_MS = 30_000;

/** A stream that has played for so long has earned a quick first retry again. */
const STEADY_MS = 10_000;

/** A silent picture that nobody has seen for so long gives the uplink back. */
const HIDDEN_MAX_MS = 60_000;

export interface PlayerOptions {
  video: HTMLVideoElement;
  origin: string;
  device: string;
  channel: number;
  stream: StreamName;
  tokens: TokenSource;
  /** When the person asked for the picture, on the clock of `performance.now()`. */
  askedAt: number;
}

export interface PlayerEvents {
  onState(state: PlayerState): void;
  /** A picture is on the screen; milliseconds since `askedAt`. Once per player. */
  onFirstPicture(ms: number): void;
  onFormat(format: Format): void;
  onGap(lost: number): void;
  onBehind(seconds: number): void;
  onSoundRefused(): void;
  /** The browser cannot play the stream that was asked for, and gets the other one. */
  onSubstituted(stream: StreamName): void;
  /** The element is about to lose its picture; now is the moment to keep a copy. */
  onReplacing(): void;
}

export class Player {
  readonly #options: PlayerOptions;
  readonly #events: PlayerEvents;
  readonly #abort = new AbortController();
  #stream: StreamName;
  #substituted = false;
  #connection: Connection | undefined;
  #sink: MediaSink | undefined;
  #playhead: Playhead | undefined;
  /** Tracks of what the sink takes. */
  #tracks = 0;
  #attempt = 0;
  #playingSince: number | undefined;
  #shown = false;
  /** Calls off the next attempt, while one is waited for. */
  #callOff: (() => void) | undefined;
  #sleep: ReturnType<typeof setTimeout> | undefined;
  #asleep = false;
  #stopped = false;

  constructor(options: PlayerOptions, events: PlayerEvents) {
    this.#options = options;
    this.#events = events;
    this.#stream = options.stream;
    const { signal } = this.#abort;
    document.addEventListener("visibilitychange", () => this.#visibilityChanged(), { signal });
    window.addEventListener("online", () => this.retryNow(), { signal });
    options.video.addEventListener("error", () => this.#videoFailed(), { signal });
    const unsubscribe = options.tokens.onToken((token) => this.#connection?.renew(token));
    signal.addEventListener("abort", unsubscribe);
    events.onState({ kind: "connecting" });
    void this.#connect(false);
  }

  /** Ends a wait between attempts; for the moment when a device comes online. */
  retryNow(): void {
    if (this.#callOff === undefined) return;
    this.#attempt = 0;
    this.#cancelRetry();
    void this.#connect(false);
  }

  /** For good. */
  close(): void {
    this.#stopped = true;
    this.#abort.abort();
    clearTimeout(this.#sleep);
    this.#cancelRetry();
    this.#disconnect();
    this.#releaseSink();
    this.#options.video.removeAttribute("src");
    this.#options.video.load();
  }

  async #connect(freshToken: boolean): Promise<void> {
    const { origin, device, channel, tokens } = this.#options;
    let token: string;
    try {
      token = await tokens.accessToken(freshToken);
    } catch {
      if (!this.#stopped) this.#retryAfter(backoffMs(this.#attempt++));
      return;
    }
    if (this.#stopped || this.#asleep || this.#connection !== undefined) return;
    const filter = new SoundFilter({
      onFormat: (format) => this.#startFormat(format),
      onMedia: (bytes) => this.#sink?.pushMedia(bytes),
    });
    this.#connection = new Connection(liveUrl(origin, device, channel, this.#stream), token, {
      onFormat: (format) => {
        if (canPlay(format)) filter.pushFormat(format);
        else this.#unsupported(format);
      },
      onMedia: (bytes) => filter.pushMedia(bytes),
      onGap: (lost) => {
        filter.gap();
        this.#events.onGap(lost);
      },
      onEnd: (reason, opensAt) => this.#ended(reason, opensAt),
    });
  }

  #startFormat(format: Format): void {
    // A source keeps the number of tracks that it began with.
    const tracks = format.codecs.split(",").length;
    if (this.#playhead === undefined || tracks !== this.#tracks) this.#replaceSink(format);
    this.#tracks = tracks;
    this.#sink?.pushFormat(format);
    this.#events.onFormat(format);
  }

  #replaceSink(format: Format): void {
    const { video } = this.#options;
    if (this.#sink !== undefined) this.#events.onReplacing();
    this.#releaseSink();
    // The stream is fine as far as the server knows; the browser is not.
    const startOver = () => {
      if (this.#playhead === playhead) this.#ended("CONNECTION_LOST");
    };
    const sink = new MediaSink(video, {
      onAppended: () => playhead.appended(),
      onEmptied: () => playhead.restart(),
      onFailed: startOver,
    });
    const playhead = new Playhead(video, sink, {
      onBehind: (seconds) => this.#events.onBehind(seconds),
      onSoundRefused: () => this.#events.onSoundRefused(),
      onStuck: startOver,
    });
    this.#sink = sink;
    this.#playhead = playhead;
    onShown(video, format, () => {
      if (this.#playhead === playhead) this.#pictureShown();
    });
  }

  #pictureShown(): void {
    if (!this.#shown) {
      this.#shown = true;
      this.#events.onFirstPicture(performance.now() - this.#options.askedAt);
    }
    this.#playingSince = performance.now();
    this.#events.onState({ kind: "playing" });
  }

  #unsupported(format: Format): void {
    this.#disconnect();
    if (this.#substituted) {
      this.#events.onState({ kind: "unsupported", codecs: format.codecs });
      return;
    }
    this.#substituted = true;
    this.#stream = this.#stream === "main" ? "sub" : "main";
    this.#events.onSubstituted(this.#stream);
    void this.#connect(false);
  }

  #ended(reason: EndReason, opensAt = 0): void {
    this.#disconnect();
    // Its last picture stays on the screen until the next connection brings another.
    this.#releasePlayhead();
    if (this.#playingSince !== undefined && performance.now() - this.#playingSince > STEADY_MS) {
      this.#attempt = 0;
    }
    this.#playingSince = undefined;
    const next = afterEnd(reason, opensAt);
    const first = !this.#shown && next.state.kind === "reconnecting";
    this.#events.onState(first ? { kind: "connecting" } : next.state);
    if (next.then === "wait") {
      // A clock that is ahead of the server's must not ask all the time.
      this.#retryAt(Math.max(next.until, Date.now() + SELDOM_MS) + backoffMs(0));
      return;
    }
    if (next.when === "at-once" && this.#attempt === 0) {
      this.#attempt++;
      void this.#connect(next.freshToken);
    } else {
      this.#retryAfter(next.when === "seldom" ? SELDOM_MS : backoffMs(this.#attempt++));
    }
  }

  #videoFailed(): void {
    if (this.#playhead !== undefined) this.#ended("CONNECTION_LOST");
  }

  #retryAfter(ms: number): void {
    this.#cancelRetry();
    const timer = setTimeout(() => this.#tryAgain(), ms);
    this.#callOff = () => clearTimeout(timer);
  }

  #retryAt(momentMs: number): void {
    this.#cancelRetry();
    this.#callOff = alarm(momentMs, () => {
      this.#events.onState({ kind: "connecting" });
      this.#tryAgain();
    });
  }

  #tryAgain(): void {
    this.#callOff = undefined;
    void this.#connect(false);
  }

  #cancelRetry(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #releasePlayhead(): void {
    this.#playhead?.close();
    this.#playhead = undefined;
  }

  #releaseSink(): void {
    this.#releasePlayhead();
    this.#sink?.close();
    this.#sink = undefined;
  }

  #visibilityChanged(): void {
    clearTimeout(this.#sleep);
    if (document.hidden) {
      this.#sleep = setTimeout(() => this.#fallAsleep(), HIDDEN_MAX_MS);
    } else if (this.#asleep) {
      this.#asleep = false;
      this.#events.onState({ kind: "reconnecting" });
      void this.#connect(false);
    } else {
      this.#playhead?.returned();
    }
  }

  #fallAsleep(): void {
    // Sound may be what somebody listens to in a background tab.
    if (!this.#options.video.muted || this.#connection === undefined) return;
    this.#asleep = true;
    this.#disconnect();
    this.#releasePlayhead();
  }
}

/** Calls once when the element presents a frame, or sound where there is nothing but sound. */
function onShown(video: HTMLVideoElement, format: Format, then: () => void): void {
  if ("requestVideoFrameCallback" in video && format.width > 0) {
    video.requestVideoFrameCallback(() => then());
  } else {
    (video as HTMLMediaElement).addEventListener("playing", then, { once: true });
  }
}

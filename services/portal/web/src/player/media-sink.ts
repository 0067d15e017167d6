// Feeds a <video> element with one stream through Media Source Extensions.

import { AppendQueue, type Piece } from "./append-queue";
import type { Format } from "./protocol";
import { spansOf, trimEnd, type Span } from "./spans";

/** Safari on iPhone has the managed kind only. */
type SourceClass = typeof MediaSource;

function sourceClass(): SourceClass | undefined {
  const scope = globalThis as { MediaSource?: SourceClass; ManagedMediaSource?: SourceClass };
  return scope.MediaSource ?? scope.ManagedMediaSource;
}

export function canPlay(format: Format): boolean {
  return sourceClass()?.isTypeSupported(format.mime) ?? false;
}

export interface SinkEvents {
  /** More is buffered. */
  onAppended(): void;
  /** The buffer is being emptied, because what follows may count its time from another origin. */
  onEmptied(): void;
  /** The stream must start over with a new sink. */
  onFailed(why: string): void;
}

export class MediaSink {
  readonly #video: HTMLVideoElement;
  readonly #events: SinkEvents;
  readonly #source: MediaSource;
  readonly #url: string;
  readonly #queue = new AppendQueue();
  #buffer: SourceBuffer | undefined;
  #mime = "";
  /** What waits for a removal, and goes first after it. */
  #held: Piece | undefined;
  #closed = false;

  /** Takes the element over; what it showed before is gone. */
  constructor(video: HTMLVideoElement, events: SinkEvents) {
    const Source = sourceClass();
    if (Source === undefined) throw new Error("no Media Source Extensions");
    this.#video = video;
    this.#events = events;
    this.#source = new Source();
    this.#source.addEventListener("sourceopen", () => this.#feed());
    this.#url = URL.createObjectURL(this.#source);
    // A managed source opens only where the picture cannot leave for another screen.
    video.disableRemotePlayback = true;
    video.src = this.#url;
  }

  get spans(): Span[] {
    return this.#buffer === undefined ? [] : spansOf(this.#buffer.buffered);
  }

  /** Everything that came is buffered or being appended. */
  get isDrained(): boolean {
    return this.#queue.isEmpty && this.#held === undefined;
  }

  pushFormat(format: Format): void {
    this.#queue.pushFormat(format);
    this.#feed();
  }

  pushMedia(bytes: ArrayBuffer): void {
    if (this.#queue.pushMedia(bytes)) this.#feed();
    else this.#fail("the browser falls behind");
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
    URL.revokeObjectURL(this.#url);
  }

  #feed(): void {
    while (!this.#closed && this.#source.readyState === "open" && !this.#buffer?.updating) {
      if (this.#trim()) return;
      const piece = this.#held ?? this.#queue.take();
      this.#held = undefined;
      if (piece === undefined) return;
      if ("format" in piece && this.spans.length > 0) {
        this.#held = piece;
        this.#buffer?.remove(0, Infinity);
        return this.#events.onEmptied();
      }
      try {
        if ("format" in piece) this.#setFormat(piece.format);
        else this.#buffer?.appendBuffer(piece.media);
      } catch (error) {
        if (isQuotaExceeded(error) && this.#makeRoom()) this.#held = piece;
        else return this.#fail(String(error));
      }
    }
  }

  #setFormat(format: Format): void {
    if (this.#buffer === undefined) {
      this.#buffer = this.#source.addSourceBuffer(format.mime);
      this.#buffer.addEventListener("updateend", () => this.#updated());
      this.#buffer.addEventListener("error", () => this.#fail("the browser refused a segment"));
    } else if (format.mime !== this.#mime) {
      this.#buffer.changeType(format.mime);
    }
    this.#mime = format.mime;
  }

  #updated(): void {
    if (this.#closed || this.#source.readyState !== "open") return;
    this.#feed();
    this.#events.onAppended();
  }

  /** Whether a removal has begun. */
  #trim(): boolean {
    const end = trimEnd(this.spans, this.#video.currentTime);
    if (end === undefined || this.#buffer === undefined) return false;
    this.#buffer.remove(0, end);
    return true;
  }

  /** Frees all that was played; false when there is nothing to free. */
  #makeRoom(): boolean {
    const end = this.#video.currentTime - 0.5;
    const [first] = this.spans;
    if (this.#buffer === undefined || first === undefined || end <= first.start) return false;
    this.#buffer.remove(0, end);
    return true;
  }

  #fail(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.onFailed(why);
  }
}

function isQuotaExceeded(error: unknown): boolean {
  return error instanceof DOMException && error.name === "QuotaExceededError";
}

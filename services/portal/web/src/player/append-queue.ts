// What waits for the SourceBuffer, which takes one piece at a time.

import type { Format } from "./protocol";

/**
 * Most bytes that wait: four seconds of 32 Mbit/s. Past it the browser decodes slower than the
 * camera films, and what waits is of no more use to a live picture.
 */
const WAITING_MAX_BYTES = 16 * 1024 * 1024;

/** Most bytes in one append: it is copied in one go on the page's only thread. */
const APPEND_MAX_BYTES = 2 * 1024 * 1024;

export type Piece = { format: Format } | { media: Uint8Array<ArrayBuffer> };

type Waiting = { format: Format } | { bytes: ArrayBuffer };

export class AppendQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  pushFormat(format: Format): void {
    this.#waiting.push({ format });
  }

  /** False when the bound is passed: the queue is then empty, and the stream must start over. */
  pushMedia(bytes: ArrayBuffer): boolean {
    if (this.#bytes + bytes.byteLength > WAITING_MAX_BYTES) {
      this.clear();
      return false;
    }
    this.#waiting.push({ bytes });
    this.#bytes += bytes.byteLength;
    return true;
  }

  /**
   * The next change of format, or as many fragments in a row as fit one append: a group of
   * pictures that arrived in a burst costs a few appends rather than fifty.
   */
  take(): Piece | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    if ("format" in first) {
      this.#waiting.shift();
      return first;
    }
    const run: ArrayBuffer[] = [];
    let length = 0;
    for (const next of this.#waiting) {
      if ("format" in next) break;
      if (run.length > 0 && length + next.bytes.byteLength > APPEND_MAX_BYTES) break;
      run.push(next.bytes);
      length += next.bytes.byteLength;
    }
    this.#waiting.splice(0, run.length);
    this.#bytes -= length;
    return { media: concatenate(run, length) };
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}

function concatenate(run: ArrayBuffer[], length: number): Uint8Array<ArrayBuffer> {
  const [only] = run;
  if (run.length === 1 && only !== undefined) return new Uint8Array(only);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const bytes of run) {
    whole.set(new Uint8Array(bytes), at);
    at += bytes.byteLength;
  }
  return whole;
}

// For tests: Media Source Extensions whose work is done when the test says so.

import { expect } from "vitest";

/** Appends one second per byte, and refuses when it holds more than it has room for. */
export class FakeSourceBuffer extends EventTarget {
  updating = false;
  log: string[] = [];
  room = Infinity;
  #start = 0;
  #end = 0;

  get buffered() {
    const empty = this.#end === this.#start;
    return { length: empty ? 0 : 1, start: () => this.#start, end: () => this.#end };
  }

  appendBuffer(bytes: Uint8Array) {
    if (this.#end - this.#start + bytes.length > this.room) {
      this.log.push("refused");
      throw new DOMException("full", "QuotaExceededError");
    }
    this.#end += bytes.length;
    this.#begin(`append ${bytes.length}`);
  }

  remove(from: number, to: number) {
    expect(from).toBe(0);
    this.#start = Math.min(to, this.#end);
    this.#begin(`remove to ${to}`);
  }

  changeType(mime: string) {
    this.log.push(`type ${mime}`);
  }

  /** What the browser does later. */
  finish() {
    this.updating = false;
    this.dispatchEvent(new Event("updateend"));
  }

  #begin(what: string) {
    expect(this.updating, "two changes at once").toBe(false);
    this.updating = true;
    this.log.push(what);
  }
}

export class FakeMediaSource extends EventTarget {
  static last: FakeMediaSource;
  static isTypeSupported = (mime: string) => mime.startsWith("h264");
  readyState = "closed";
  buffer = new FakeSourceBuffer();

  constructor() {
    super();
    FakeMediaSource.last = this;
  }

  addSourceBuffer() {
    return this.buffer;
  }

  open() {
    this.readyState = "open";
    this.dispatchEvent(new Event("sourceopen"));
  }
}

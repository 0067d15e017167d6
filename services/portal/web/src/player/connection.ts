// One WebSocket to one stream.

import { parseMessage, type EndReason, type Format } from "./protocol";

/** A camera sends several frames a second; silence of this length is a dead connection that no
 * close has told us of, as after a laptop's sleep. */
const SILENCE_MAX_MS = 12_000;

/** Longest silence before the first message: a camera that nobody watched has to start first. */
const START_MAX_MS = 30_000;

const SILENCE_CHECK_MS = 2_000;

export interface ConnectionEvents {
  onFormat(format: Format): void;
  /** Init segment or fragment. */
  onMedia(bytes: ArrayBuffer): void;
  onGap(lost: number): void;
  /** Once, and never after `close`. `opensAt`: as in `Ended`. */
  onEnd(reason: EndReason, opensAt: number): void;
}

export class Connection {
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  readonly #silenceCheck: ReturnType<typeof setInterval>;
  #silentUntil = performance.now() + START_MAX_MS;

  constructor(url: string, token: string, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#socket.send(token);
    this.#socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.#receive(data);
    this.#socket.onclose = () => this.#end("CONNECTION_LOST");
    this.#silenceCheck = setInterval(() => {
      if (performance.now() > this.#silentUntil) this.#end("CONNECTION_LOST");
    }, SILENCE_CHECK_MS);
  }

  /** Sends a newer access token, before the one that the stream runs on expires. */
  renew(token: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(token);
  }

  /** Nothing is told after this. */
  close(): void {
    clearInterval(this.#silenceCheck);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  #receive(data: string | ArrayBuffer): void {
    this.#silentUntil = performance.now() + SILENCE_MAX_MS;
    if (typeof data !== "string") return this.#events.onMedia(data);
    const message = parseMessage(data);
    if (message?.kind === "format") this.#events.onFormat(message);
    else if (message?.kind === "gap") this.#events.onGap(message.lost);
    else if (message?.kind === "ended") this.#end(message.reason, message.opensAt);
  }

  #end(reason: EndReason, opensAt = 0): void {
    this.close();
    this.#events.onEnd(reason, opensAt);
  }
}

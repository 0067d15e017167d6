// A list that the server tells as a stream: as it is at first, then each change, without an end.

import { Code, ConnectError } from "@connectrpc/connect";
import { backoffMs } from "./backoff";
import type { TokenSource } from "./session/token-source";

/** Twice the longest pause between two messages of the server: the connection is dead. */
const SILENCE_MAX_MS = 30_000;

export interface Stream<Message> {
  open(options: { signal: AbortSignal; timeoutMs: number }): AsyncIterable<Message>;
  onMessage(message: Message): void;
  /** Whether what was told last is still current. */
  onConnected(connected: boolean): void;
}

/** Follows the stream until the signal ends it; starts over after each cut. */
export async function follow<Message>(
  stream: Stream<Message>,
  tokens: TokenSource,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const silence = new Silence();
    try {
      const both = AbortSignal.any([signal, silence.signal]);
      for await (const message of stream.open({ signal: both, timeoutMs: 0 })) {
        silence.broken();
        attempt = 0;
        stream.onConnected(true);
        stream.onMessage(message);
      }
    } catch (error) {
      // A session that was ended elsewhere shows here first; asking for a token finds out.
      const refused = ConnectError.from(error).code === Code.Unauthenticated;
      if (refused && !signal.aborted) await tokens.accessToken(true).catch(() => undefined);
    } finally {
      silence.stop();
    }
    if (signal.aborted) return;
    stream.onConnected(false);
    await pause(backoffMs(attempt), signal);
  }
}

/** Aborts its signal when nothing has broken it for too long. */
class Silence {
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.broken();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  broken(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), SILENCE_MAX_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Ends early when the connection of the machine returns, or the signal says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

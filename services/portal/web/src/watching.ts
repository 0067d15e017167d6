// A list that the server tells as a stream: as it is at first, then each change, without an end.

import { Code, ConnectError } from "@connectrpc/connect";
import { refusalOf } from "./api/errors";
import { backoffMs } from "./backoff";
import type { TokenSource } from "./session/token-source";

/** Twice the longest pause between two messages of the server: the connection is dead. */
const SILENCE_MAX_MS = 30_000;

/** Why a list is not current: the connection is cut, or the account has as many watches as it may. */
export type Cut = "cut" | "too-many";

export interface Stream<Message> {
  open(options: { signal: AbortSignal; timeoutMs: number }): AsyncIterable<Message>;
  onMessage(message: Message): void;
  /** Undefined: what was told last is current. */
  onCut(cut: Cut | undefined): void;
}

/** Follows the stream until the signal ends it; starts over after each cut. */
export async function follow<Message>(
  stream: Stream<Message>,
  tokens: TokenSource,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const silence = new Silence();
    let cut: Cut = "cut";
    try {
      const both = AbortSignal.any([signal, silence.signal]);
      for await (const message of stream.open({ signal: both, timeoutMs: 0 })) {
        // Another watch may have taken its place while this message was on its way.
        if (signal.aborted) return;
        silence.broken();
        attempt = 0;
        stream.onCut(undefined);
        stream.onMessage(message);
      }
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      // A session that was ended elsewhere shows here first; asking for a token finds out.
      const refused = error.code === Code.Unauthenticated;
      if (refused && !signal.aborted) await tokens.accessToken(true).catch(() => undefined);
      if (refusalOf(error).reason === "TOO_MANY_WATCHES") cut = "too-many";
    } finally {
      silence.stop();
    }
    if (signal.aborted) return;
    stream.onCut(cut);
    await pause(backoffMs(attempt), signal);
  }
}

/** One watch at a time, which can be started anew so that the server tells the whole list again. */
export class Watch {
  #abort = new AbortController();
  readonly #begin: Begin;

  constructor(begin: Begin) {
    this.#begin = begin;
  }

  /** Starts anew; resolves to whether the server has told the list before a cut or another start. */
  start(): Promise<boolean> {
    this.stop();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    return new Promise((answered) => {
      signal.addEventListener("abort", () => answered(false));
      this.#begin(signal, answered);
    });
  }

  stop(): void {
    this.#abort.abort();
  }
}

/** Follows a list until the signal ends it, and says once whether the server has told it. */
type Begin = (signal: AbortSignal, answered: (told: boolean) => void) => void;

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

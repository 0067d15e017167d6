// An import that runs: what each line came to.

import type { Client } from "@connectrpc/connect";
import { refusalOf, type Refusal } from "../api/errors";
import type { Registry } from "../gen/sightline/registry/v1/registry_pb";
import { someEntries, wholeFile, type Import, type Lines } from "./import";

export interface Result {
  line: number;
  deviceId: string;
  name: string;
  /** Undefined until the server has told; empty for a device that is the caller's now. */
  reason: string | undefined;
}

export class Importing {
  results = $state.raw<readonly Result[]>([]);
  running = $state(false);
  /** Why it ended early. */
  refusal = $state.raw<Refusal | undefined>(undefined);

  readonly #registry: Pick<Client<typeof Registry>, "importDevices">;
  readonly #lines: Lines;
  readonly #text: string;
  #abort = new AbortController();

  constructor(
    registry: Pick<Client<typeof Registry>, "importDevices">,
    text: string,
    lines: Lines,
  ) {
    this.#registry = registry;
    this.#text = text;
    this.#lines = lines;
    this.results = [...lines].map(([line, entry]) => ({
      line,
      deviceId: entry.cloud_id ?? "",
      name: entry.name ?? "",
      reason: undefined,
    }));
  }

  /** Without an answer so far, too. */
  get failed(): readonly Result[] {
    return this.results.filter(({ reason }) => reason !== "");
  }

  get added(): number {
    return this.results.length - this.failed.length;
  }

  get answered(): number {
    return this.results.filter(({ reason }) => reason !== undefined).length;
  }

  start(): Promise<void> {
    return this.#run(wholeFile(this.#text), (line) => line);
  }

  /** Tries again what is not the caller's yet. */
  retry(): Promise<void> {
    const lines = this.failed.map(({ line }) => line);
    for (const line of lines) this.#set(line, { reason: undefined });
    const entries = lines.map((line) => this.#lines.get(line) ?? {});
    return this.#run(someEntries(entries), (position) => lines[position - 1]);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(file: Import, lineOf: (line: number) => number | undefined): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.refusal = undefined;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      for await (const { line, reason } of this.#registry.importDevices(
        { file },
        { signal, timeoutMs: 0 },
      )) {
        const known = lineOf(line);
        if (known !== undefined) this.#set(known, { reason });
      }
    } catch (error) {
      if (!signal.aborted) this.refusal = refusalOf(error);
    } finally {
      this.running = false;
    }
  }

  #set(line: number, news: Pick<Result, "reason">): void {
    this.results = this.results.map((result) =>
      result.line === line ? { ...result, ...news } : result,
    );
  }
}

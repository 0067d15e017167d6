// The account's devices as the registry tells them: all at first, then each change.

import { Code, ConnectError, type Client } from "@connectrpc/connect";
import type {
  Device,
  Registry,
  WatchDevicesResponse,
} from "../gen/sightline/registry/v1/registry_pb";
import { backoffMs } from "../backoff";
import type { TokenSource } from "../session/token-source";

/** Twice the longest pause between two messages of the server: the connection is dead. */
const SILENCE_MAX_MS = 30_000;

export type Devices = ReadonlyMap<string, Device>;

/** The devices after a message. */
export function apply(devices: Devices, { event }: WatchDevicesResponse): Devices {
  switch (event.case) {
    case "all":
      return new Map(event.value.devices.map((device) => [device.id, device]));
    case "changed":
      return new Map(devices).set(event.value.id, event.value);
    case "removedId": {
      const rest = new Map(devices);
      rest.delete(event.value);
      return rest;
    }
    default:
      return devices;
  }
}

export interface WatchEvents {
  onDevices(devices: Devices): void;
  /** Whether what was told last is still current. */
  onConnected(connected: boolean): void;
}

/** Watches until the signal ends it; starts over after each cut. */
export async function watchDevices(
  registry: Pick<Client<typeof Registry>, "watchDevices">,
  tokens: TokenSource,
  events: WatchEvents,
  signal: AbortSignal,
): Promise<void> {
  let devices: Devices = new Map();
  for (let attempt = 0; !signal.aborted; attempt++) {
    const silence = new Silence();
    try {
      const both = AbortSignal.any([signal, silence.signal]);
      for await (const message of registry.watchDevices({}, { signal: both, timeoutMs: 0 })) {
        silence.broken();
        attempt = 0;
        events.onConnected(true);
        const next = apply(devices, message);
        if (next !== devices) events.onDevices((devices = next));
      }
    } catch (error) {
      // A session that was ended elsewhere shows here first; asking for a token finds out.
      const refused = ConnectError.from(error).code === Code.Unauthenticated;
      if (refused && !signal.aborted) await tokens.accessToken(true).catch(() => undefined);
    } finally {
      silence.stop();
    }
    if (signal.aborted) return;
    events.onConnected(false);
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

// The devices of the person who is signed in, for components.

import { registry, session } from "../api/clients";
import { watchDevices, type Devices } from "./watch";

let devices = $state.raw<Devices | undefined>(undefined);
let connected = $state(true);
let abort = new AbortController();

/** Undefined until the server has told them. */
export function currentDevices(): Devices | undefined {
  return devices;
}

export function isConnected(): boolean {
  return connected;
}

/** Watches the devices of whoever is signed in now; returns how to end it. */
export function startWatching(): () => void {
  devices = undefined;
  connected = true;
  watch();
  return () => abort.abort();
}

/** Asks for the whole list anew; resolves to whether the server has told it. */
export function refresh(): Promise<boolean> {
  abort.abort();
  return new Promise(watch);
}

function watch(onAnswer?: (told: boolean) => void): void {
  abort = new AbortController();
  const events = {
    onDevices(next: Devices) {
      devices = next;
      onAnswer?.(true);
    },
    onConnected(next: boolean) {
      connected = next;
      if (!next) onAnswer?.(false);
    },
  };
  void watchDevices(registry, session, events, abort.signal);
}

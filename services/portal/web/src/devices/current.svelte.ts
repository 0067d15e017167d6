// The devices of the person who is signed in, for components.

import { registry, session } from "../api/clients";
import { watchDevices, type Devices } from "./watch";

let devices = $state.raw<Devices | undefined>(undefined);
let connected = $state(true);

/** Undefined until the server has told them. */
export function currentDevices(): Devices | undefined {
  return devices;
}

export function isConnected(): boolean {
  return connected;
}

/** Watches the devices of whoever is signed in now; returns how to end it. */
export function startWatching(): () => void {
  const abort = new AbortController();
  devices = undefined;
  connected = true;
  const events = {
    onDevices: (next: Devices) => (devices = next),
    onConnected: (next: boolean) => (connected = next),
  };
  void watchDevices(registry, session, events, abort.signal);
  return () => abort.abort();
}

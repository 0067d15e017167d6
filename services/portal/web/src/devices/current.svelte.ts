// The devices of the person who is signed in, for components.

import { registry, session } from "../api/clients";
import { Watch, type Cut } from "../watching";
import { watchDevices, type Devices } from "./watch";

let devices = $state.raw<Devices | undefined>(undefined);
let cut = $state.raw<Cut | undefined>(undefined);

/** Undefined until the server has told them. */
export function currentDevices(): Devices | undefined {
  return devices;
}

/** Why they may be out of date; undefined while they are current. */
export function devicesCut(): Cut | undefined {
  return cut;
}

const watch = new Watch((signal, answered) => {
  const events = {
    onDevices(next: Devices) {
      devices = next;
      answered(true);
    },
    onCut(next: Cut | undefined) {
      cut = next;
      if (next !== undefined) answered(false);
    },
  };
  void watchDevices(registry, session, events, signal);
});

/** Watches the devices of whoever is signed in now; returns how to end it. */
export function startWatching(): () => void {
  devices = cut = undefined;
  void watch.start();
  return () => watch.stop();
}

/** Asks for the whole list anew; resolves to whether the server has told it. */
export function refresh(): Promise<boolean> {
  return watch.start();
}

// The account's devices as the registry tells them: all at first, then each change.

import type { Client } from "@connectrpc/connect";
import type {
  Device,
  Registry,
  WatchDevicesResponse,
} from "../gen/sightline/registry/v1/registry_pb";
import type { TokenSource } from "../session/token-source";
import { follow, type Cut } from "../watching";

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
  /** Undefined: what was told last is current. */
  onCut(cut: Cut | undefined): void;
}

/** Watches until the signal ends it; starts over after each cut. */
export function watchDevices(
  registry: Pick<Client<typeof Registry>, "watchDevices">,
  tokens: TokenSource,
  events: WatchEvents,
  signal: AbortSignal,
): Promise<void> {
  let devices: Devices = new Map();
  return follow<WatchDevicesResponse>(
    {
      open: (options) => registry.watchDevices({}, options),
      onMessage(message) {
        const next = apply(devices, message);
        if (next !== devices) events.onDevices((devices = next));
      },
      onCut: events.onCut,
    },
    tokens,
    signal,
  );
}

// Which devices a list shows, in which order and on which page.

import { DeviceStatus, type Device } from "../gen/sightline/registry/v1/registry_pb";

export type StatusFilter = "any" | "online" | "offline";
export type RelationFilter = "any" | "own" | "shared";
export const ORDERS = ["name", "status", "id", "claimed"] as const;
export type Order = (typeof ORDERS)[number];

export interface Query {
  search: string;
  status: StatusFilter;
  relation: RelationFilter;
  order: Order;
  descending: boolean;
}

export const ALL: Query = {
  search: "",
  status: "any",
  relation: "any",
  order: "name",
  descending: false,
};

/** What a click on the heading of a column asks for: its order, or the other way round. */
export function sortedBy(query: Query, order: Order): Query {
  if (order === query.order) return { ...query, descending: !query.descending };
  return { ...query, order, descending: order === "claimed" };
}

/** The devices that match, in order: by age the oldest first, by status those online. Devices that
 * are equal in it stand by name. */
export function listed(devices: Iterable<Device>, query: Query, language: string): Device[] {
  const collator = new Intl.Collator(language, { numeric: true });
  const byName = (a: Device, b: Device) => collator.compare(a.name, b.name);
  const compare: Record<Order, (a: Device, b: Device) => number> = {
    name: byName,
    status: (a, b) => Number(isOnline(b)) - Number(isOnline(a)) || byName(a, b),
    id: (a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)),
    claimed: (a, b) => Number(a.claimedAtUnixMs - b.claimedAtUnixMs) || byName(a, b),
  };
  const found = [...devices].filter((device) => matches(device, query)).sort(compare[query.order]);
  return query.descending ? found.reverse() : found;
}

/** A page, the last one when there are not so many. */
export function pageOf<T>(items: readonly T[], page: number, size: number) {
  const last = Math.max(0, Math.ceil(items.length / size) - 1);
  const shown = Math.min(Math.max(page, 0), last);
  return { page: shown, last, items: items.slice(shown * size, (shown + 1) * size) };
}

export function isOnline(device: Device): boolean {
  return device.status === DeviceStatus.ONLINE;
}

/** Whether the link carried less than pictures need when it was measured. */
export function isLinkShort(device: Device): boolean {
  return device.uplinkBitsPerS > 0n && device.uplinkBitsPerS < device.uplinkNeededBitsPerS;
}

/** "2.5" of 2500000: megabits with at most one decimal, never rounded up to what is needed. */
export function megabits(bits: bigint, language: string): string {
  const tenths = Math.floor(Number(bits) / 100_000);
  return new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(tenths / 10);
}

function matches(device: Device, { search, status, relation }: Query): boolean {
  if (status !== "any" && isOnline(device) !== (status === "online")) return false;
  if (relation !== "any" && (device.shared !== undefined) !== (relation === "shared")) return false;
  const wanted = search.trim().toLowerCase();
  if (device.name.toLowerCase().includes(wanted)) return true;
  const symbols = wanted.replace(/[^0-9a-z]/g, "");
  return symbols !== "" && device.id.replaceAll("-", "").toLowerCase().includes(symbols);
}

import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { DeviceSchema, DeviceStatus } from "../gen/sightline/registry/v1/registry_pb";
import { ALL, isLinkShort, listed, megabits, pageOf, sortedBy, type Query } from "./listing";

const device = (name: string, id: string, more: object = {}) =>
  create(DeviceSchema, { name, id, status: DeviceStatus.OFFLINE, ...more });
const shop = device("Shop 10", "AAAA-1111", { claimedAtUnixMs: 1n });
const yard = device("Yard", "BBBB-2222", { status: DeviceStatus.ONLINE, claimedAtUnixMs: 3n });
const barn = device("shop 2", "CCCC-3333", { claimedAtUnixMs: 2n, shared: {} });
const all = [shop, yard, barn];

const names = (query: Partial<Query>) =>
  listed(all, { ...ALL, ...query }, "en").map(({ name }) => name);

it("finds a part of the name in any case, and of the cloud ID with or without dashes", () => {
  expect(names({ search: " SHOP " })).toEqual(["shop 2", "Shop 10"]);
  expect(names({ search: "bb-22" })).toEqual(["Yard"]);
  expect(names({ search: "bb22" })).toEqual(["Yard"]);
  expect(names({ search: "-" })).toEqual([]);
});

it("filters by status and by whose the device is", () => {
  expect(names({ status: "online" })).toEqual(["Yard"]);
  expect(names({ relation: "shared" })).toEqual(["shop 2"]);
  expect(names({ relation: "own", status: "offline" })).toEqual(["Shop 10"]);
});

it("orders numbers in names as numbers, and online devices first by status", () => {
  expect(names({})).toEqual(["shop 2", "Shop 10", "Yard"]);
  expect(names({ order: "status" })).toEqual(["Yard", "shop 2", "Shop 10"]);
  expect(names({ order: "id" })).toEqual(["Shop 10", "Yard", "shop 2"]);
  expect(names({ order: "claimed" })).toEqual(["Shop 10", "shop 2", "Yard"]);
  expect(names({ order: "claimed", descending: true })).toEqual(["Yard", "shop 2", "Shop 10"]);
});

it("turns the order round when it is asked for again, and begins with the newest device", () => {
  const byStatus = sortedBy({ ...ALL, descending: true }, "status");
  expect([byStatus.order, byStatus.descending]).toEqual(["status", false]);
  expect(sortedBy(byStatus, "status").descending).toBe(true);
  expect(sortedBy(byStatus, "claimed").descending).toBe(true);
});

it("stays on a page that is there when the list gets shorter", () => {
  expect(pageOf([1, 2, 3, 4, 5], 1, 2)).toEqual({ page: 1, last: 2, items: [3, 4] });
  expect(pageOf([1, 2, 3], 7, 2)).toEqual({ page: 1, last: 1, items: [3] });
  expect(pageOf([], 3, 2)).toEqual({ page: 0, last: 0, items: [] });
});

it("warns of a link that was measured and is short, and of no other", () => {
  const linked = (has: bigint) =>
    isLinkShort(device("", "", { uplinkBitsPerS: has, uplinkNeededBitsPerS: 2_500_000n }));
  expect([0n, 2_499_999n, 2_500_000n].map(linked)).toEqual([false, true, false]);
});

it("does not round a short link up to what is needed", () => {
  expect(megabits(2_499_999n, "en")).toBe("2.4");
  expect(megabits(2_500_000n, "ru")).toBe("2,5");
  expect(megabits(16_000_000n, "en")).toBe("16");
});

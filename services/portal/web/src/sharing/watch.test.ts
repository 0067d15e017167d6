import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import {
  ShareSchema,
  ShareState,
  WatchSharesResponseSchema,
  type Share,
} from "../gen/sightline/sharing/v1/sharing_pb";
import { apply, lost, put, type Shares } from "./watch";

const share = (id: string, version: number, more: MessageInitShape<typeof ShareSchema> = {}) =>
  create(ShareSchema, { id, version: BigInt(version), state: ShareState.ACCEPTED, ...more });
const shares = (...list: Share[]): Shares => new Map(list.map((one) => [one.id, one]));
const event = (event: object) => create(WatchSharesResponseSchema, { event: event as never });

it("takes a whole list as it is, and changes one by one", () => {
  const all = event({ case: "all", value: { shares: [share("b", 1)] } });
  const first = apply(shares(share("a", 1)), all);
  expect([...first.keys()]).toEqual(["b"]);
  const second = apply(first, event({ case: "changed", value: share("c", 1) }));
  expect([...second.keys()]).toEqual(["b", "c"]);
  expect([...apply(second, event({ case: "removedId", value: "b" })).keys()]).toEqual(["c"]);
});

it("does not let an older version that comes late win over a newer one", () => {
  const known = shares(share("a", 3));
  expect(put(known, share("a", 2)).get("a")?.version).toBe(3n);
  expect(put(known, share("a", 4)).get("a")?.version).toBe(4n);
});

it("leaves everything as it is at a heartbeat", () => {
  const known = shares(share("a", 1));
  expect(apply(known, event({ case: "heartbeat", value: {} }))).toBe(known);
});

it("names the access that has ended, but no offer, nothing given, nothing still to be told", () => {
  const before = shares(
    share("later", 1),
    share("ended", 1),
    share("kept", 1),
    share("offer", 1, { state: ShareState.OFFERED }),
    share("given", 1, { givenByCaller: true }),
  );
  const over = { state: ShareState.ENDED };
  const after = shares(
    share("ended", 2, over),
    share("kept", 2),
    share("offer", 2, over),
    share("given", 2, { ...over, givenByCaller: true }),
  );
  expect(lost(before, after).map(({ id }) => id)).toEqual(["ended"]);
});

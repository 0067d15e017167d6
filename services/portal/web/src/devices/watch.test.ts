import { create } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  DeviceStatus,
  WatchDevicesResponseSchema,
  type WatchDevicesResponse,
} from "../gen/sightline/registry/v1/registry_pb";
import type { Cut } from "../watching";
import { watchDevices, type Devices } from "./watch";

type Script = (signal: AbortSignal) => AsyncGenerator<WatchDevicesResponse>;

const all = (...ids: string[]) =>
  create(WatchDevicesResponseSchema, {
    event: { case: "all", value: { devices: ids.map((id) => ({ id })) } },
  });
const changed = (id: string, status: DeviceStatus) =>
  create(WatchDevicesResponseSchema, { event: { case: "changed", value: { id, status } } });
const removed = (id: string) =>
  create(WatchDevicesResponseSchema, { event: { case: "removedId", value: id } });
const heartbeat = create(WatchDevicesResponseSchema, { event: { case: "heartbeat", value: {} } });

let abort: AbortController;
let seen: string[];
let cuts: (Cut | undefined)[];
let latest: Devices;
let fresh: number;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  abort = new AbortController();
  seen = [];
  cuts = [];
  fresh = 0;
});

afterEach(() => {
  abort.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Runs one script per connection; the last one stays open. */
function watch(...scripts: Script[]): void {
  const registry = {
    watchDevices: (_: unknown, options: { signal: AbortSignal }) => {
      const script = scripts.shift();
      return script === undefined ? silence(options.signal) : script(options.signal);
    },
  };
  const tokens = {
    accessToken: () => Promise.resolve(`token-${++fresh}`),
    onToken: () => () => undefined,
  };
  const events = {
    onDevices: (devices: Devices) => {
      latest = devices;
      seen.push([...devices.keys()].join());
    },
    onCut: (cut: Cut | undefined) => cuts.push(cut),
  };
  void watchDevices(registry as never, tokens, events, abort.signal);
}

async function* silence(signal: AbortSignal): AsyncGenerator<WatchDevicesResponse> {
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

it("follows changes and removals", async () => {
  watch(async function* (signal) {
    yield all("a", "b");
    yield changed("b", DeviceStatus.ONLINE);
    yield removed("a");
    yield* silence(signal);
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual(["a,b", "a,b", "b"]);
  expect(latest.get("b")?.status).toBe(DeviceStatus.ONLINE);
});

it("keeps what it knows during a cut, and takes the new list as a whole after it", async () => {
  watch(
    async function* () {
      yield all("a", "b");
    },
    async function* (signal) {
      yield all("b");
      yield* silence(signal);
    },
  );
  await vi.advanceTimersByTimeAsync(0);
  expect(cuts.at(-1)).toBe("cut");
  expect([...latest.keys()]).toEqual(["a", "b"]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(cuts.at(-1)).toBeUndefined();
  expect([...latest.keys()]).toEqual(["b"]);
});

it("takes half a minute of silence for a cut, and heartbeats for life", async () => {
  let connections = 0;
  const alive: Script = async function* (signal) {
    connections++;
    for (let beat = 0; beat < 4; beat++) {
      yield heartbeat;
      await new Promise((resolve) => setTimeout(resolve, 15_000));
    }
    yield* silence(signal);
  };
  watch(alive, alive);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(connections).toBe(1);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(connections).toBe(2);
});

it("asks for a newer token only when the old one was refused", async () => {
  watch(
    async function* () {
      throw new ConnectError("down", Code.Unavailable);
    },
    async function* () {
      throw new ConnectError("expired", Code.Unauthenticated);
    },
  );
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh).toBe(0);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(fresh).toBe(1);
});

it("ends with its signal", async () => {
  let connections = 0;
  watch(async function* (signal) {
    connections++;
    yield* silence(signal);
  });
  await vi.advanceTimersByTimeAsync(0);
  abort.abort();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(connections).toBe(1);
  expect(cuts).not.toContain("cut");
});

it("tells an account with too many watches from a cut", async () => {
  watch(async function* () {
    throw tooManyWatches();
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(cuts).toEqual(["too-many"]);
});

function tooManyWatches(): ConnectError {
  const error = new ConnectError("too many", Code.ResourceExhausted);
  const value = new BinaryWriter().tag(1, 2).string("TOO_MANY_WATCHES").finish();
  error.details = [{ type: "google.rpc.ErrorInfo", value }];
  return error;
}

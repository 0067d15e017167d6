import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  WatchDevicesResponseSchema,
  type WatchDevicesResponse,
} from "../gen/sightline/registry/v1/registry_pb";
import { currentDevices, devicesCut, refresh, startWatching } from "./current.svelte";

type Answer = "list" | "silence" | ConnectError;

const server = vi.hoisted(() => ({ answers: [] as unknown[], asked: 0 }));

vi.mock("../api/clients", () => ({
  session: { accessToken: () => Promise.resolve("token"), onToken: () => () => undefined },
  registry: { watchDevices: (_: unknown, { signal }: { signal: AbortSignal }) => answer(signal) },
}));

const list = create(WatchDevicesResponseSchema, {
  event: { case: "all", value: { devices: [{ id: "a" }] } },
});

async function* answer(signal: AbortSignal): AsyncGenerator<WatchDevicesResponse> {
  server.asked++;
  const next = server.answers.shift() as Answer | undefined;
  if (next instanceof ConnectError) throw next;
  if (next === "list") yield list;
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

let stop: () => void;

/** Starts with these answers of the server, one for each time it is asked. */
function watch(...answers: Answer[]): void {
  server.answers = answers;
  server.asked = 0;
  stop = startWatching();
}

beforeEach(() => {
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

it("refreshes by asking for the whole list anew", async () => {
  watch("silence", "list");
  expect(currentDevices()).toBeUndefined();
  await expect(refresh()).resolves.toBe(true);
  expect([...currentDevices()!.keys()]).toEqual(["a"]);
  expect(server.asked).toBe(2);
});

it("ends a refresh that has no answer when the watch ends, or another refresh takes its place", async () => {
  watch("list", "silence", "silence");
  const replaced = refresh();
  const stopped = refresh();
  await expect(replaced).resolves.toBe(false);
  stop();
  await expect(stopped).resolves.toBe(false);
});

it("ends a refresh with the cut that it runs into, and says which", async () => {
  watch("list", new ConnectError("down", Code.Unavailable));
  await expect(refresh()).resolves.toBe(false);
  expect(devicesCut()).toBe("cut");
});

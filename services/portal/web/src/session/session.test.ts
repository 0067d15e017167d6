import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  RefreshResponseSchema,
  SignOutResponseSchema,
} from "../gen/sightline/identity/v1/identity_pb";
import { TokensSchema, type Tokens } from "../gen/sightline/identity/v1/identity_pb";
import { Session } from "./session";
import { SessionNote } from "./note";
import type { SessionStore, StoredSession } from "./store";

const LIFETIME_S = 600;
const SESSION_LIFETIME_S = 12 * 3600;
const ANN = { kind: "account", id: "account-1", email: "ann@example.org" } as const;
const BOB = { kind: "account", id: "account-2", email: "bob@example.org" } as const;

/** An identity service that ends a session whose refresh token is used twice. */
class FakeIdentity {
  calls = 0;
  ended = false;
  failWith: Code | undefined;
  #valid = "";

  issue(): Tokens {
    this.#valid = `refresh-${this.calls}`;
    const issuedAt = Math.floor(Date.now() / 1000);
    const claims = btoa(JSON.stringify({ iat: issuedAt, call: this.calls }));
    return create(TokensSchema, {
      accessToken: `header.${claims}.signature`,
      accessExpiresAtUnixMs: BigInt((issuedAt + LIFETIME_S) * 1000),
      refreshToken: this.#valid,
      refreshExpiresAtUnixMs: BigInt((issuedAt + SESSION_LIFETIME_S) * 1000),
    });
  }

  refresh = async ({ refreshToken = "" }) => {
    await Promise.resolve();
    if (this.failWith !== undefined) throw new ConnectError("no", this.failWith);
    if (this.ended || refreshToken !== this.#valid) {
      this.ended = true;
      throw new ConnectError("used twice", Code.Unauthenticated);
    }
    this.calls++;
    return create(RefreshResponseSchema, { tokens: this.issue() });
  };

  signOut = async ({ refreshToken = "" }) => {
    if (refreshToken === this.#valid) this.ended = true;
    return create(SignOutResponseSchema);
  };
}

/** One holder at a time, as all tabs of a browser see it. */
class FakeLocks {
  #tail: Promise<unknown> = Promise.resolve();

  request<T>(_name: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

class FakeStore implements SessionStore {
  #session: StoredSession | undefined;
  read = async () => this.#session;
  write = async (session: StoredSession) => void (this.#session = session);
  clear = async () => void (this.#session = undefined);
}

class FakeStorage {
  #items = new Map<string, string>();
  getItem = (key: string) => this.#items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.#items.set(key, value);
  removeItem = (key: string) => void this.#items.delete(key);
}

class FakeRun {
  #marked = false;
  isMarked = () => this.#marked;
  mark = () => void (this.#marked = true);
}

let identity: FakeIdentity;
let run: FakeRun;
let store: FakeStore;
let storage: Storage;
let locks: LockManager;
let foreignChange: ((event: object) => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  foreignChange = [];
  vi.stubGlobal("addEventListener", (_: string, listener: () => void) =>
    foreignChange.push(listener),
  );
  identity = new FakeIdentity();
  store = new FakeStore();
  run = new FakeRun();
  storage = new FakeStorage() as unknown as Storage;
  locks = new FakeLocks() as unknown as LockManager;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function openTab(): Session {
  return new Session(identity as never, store, new SessionNote(storage, run), locks);
}

/** What browsers do when a tab writes: the others hear of it. */
function tellOtherTabs(): void {
  for (const listener of foreignChange) listener({ storageArea: storage, key: null });
}

async function signedInTab(remembered = false): Promise<Session> {
  const tab = openTab();
  await tab.begin(ANN, identity.issue(), remembered);
  return tab;
}

it("is signed in again after a reload, and never stores the access token", async () => {
  const token = await (await signedInTab()).accessToken();
  const reloaded = openTab();
  expect(reloaded.state).toMatchObject({ kind: "signed-in", principal: ANN });
  expect(await reloaded.accessToken()).not.toBe(token);
  expect(JSON.stringify([await store.read(), storage.getItem("sightline.session")])).not.toContain(
    "header.",
  );
});

it("gives the sign-in's own token to whoever hears of the sign-in", async () => {
  const tab = openTab();
  const tokens = identity.issue();
  const heard: Promise<string>[] = [];
  tab.onState(() => heard.push(Promise.resolve().then(() => tab.accessToken())));
  await tab.begin(ANN, tokens, false);
  expect(await Promise.all(heard)).toEqual([tokens.accessToken]);
  expect(identity.calls).toBe(0);
});

it("refreshes once for many that ask at the same time", async () => {
  await signedInTab();
  const tab = openTab();
  const tokens = await Promise.all([1, 2, 3].map(() => tab.accessToken()));
  expect(new Set(tokens).size).toBe(1);
  expect(identity.calls).toBe(1);
});

it("lets tabs refresh at the same time without using a refresh token twice", async () => {
  await signedInTab();
  const tabs = [openTab(), openTab(), openTab()];
  await Promise.all(tabs.map((tab) => tab.accessToken()));
  expect(identity.ended).toBe(false);
  expect(identity.calls).toBe(3);
});

it("replaces the token ahead of its end and tells those who stream", async () => {
  const tab = await signedInTab();
  const first = await tab.accessToken();
  const told: string[] = [];
  tab.onToken((token) => told.push(token));
  await vi.advanceTimersByTimeAsync(LIFETIME_S * 1000 * 0.8);
  expect(told).toHaveLength(1);
  expect(told[0]).not.toBe(first);
  expect(await tab.accessToken()).toBe(told[0]);
});

it("is not misled by a clock that is hours wrong", async () => {
  const tab = openTab();
  const tokens = identity.issue();
  vi.setSystemTime(Date.now() + 5 * 3600 * 1000);
  await tab.begin(ANN, tokens, true);
  expect(await tab.accessToken()).toBe(tokens.accessToken);
  await vi.advanceTimersByTimeAsync(LIFETIME_S * 1000 * 0.7);
  expect(identity.calls).toBe(0);
});

it("stays signed in while the server is away, and goes on when it returns", async () => {
  const tab = await signedInTab();
  identity.failWith = Code.Unavailable;
  await expect(tab.accessToken(true)).rejects.toThrow();
  expect(tab.state.kind).toBe("signed-in");
  identity.failWith = undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(identity.calls).toBe(1);
});

it("signs out when the server has ended the session, and says in all tabs that others did", async () => {
  const [tab, other] = [await signedInTab(), openTab()];
  identity.ended = true;
  await expect(tab.accessToken(true)).rejects.toThrow();
  expect(tab.state).toEqual({ kind: "signed-out", by: "others" });
  tellOtherTabs();
  expect(other.state).toEqual({ kind: "signed-out", by: "others" });
  await expect(openTab().accessToken()).rejects.toThrow("signed out");
});

it("says of a session that was not used for too long that it ended of age", async () => {
  await signedInTab();
  const returning = openTab();
  vi.setSystemTime(Date.now() + SESSION_LIFETIME_S * 1000);
  identity.ended = true;
  await expect(returning.accessToken()).rejects.toThrow();
  expect(returning.state).toEqual({ kind: "signed-out", by: "age" });
});

it("forgets a session with the browser's end and ends it on the server, unless told to remember", async () => {
  await signedInTab();
  run = new FakeRun();
  const forgotten = openTab();
  expect(forgotten.state).toEqual({ kind: "signed-out", by: "person" });
  await forgotten.endLeftover();
  expect(identity.ended).toBe(true);
  expect(await store.read()).toBeUndefined();
  expect(storage.getItem("sightline.session")).not.toContain("ann");

  identity = new FakeIdentity();
  await signedInTab(true);
  run = new FakeRun();
  const remembered = openTab();
  await remembered.endLeftover();
  expect(remembered.state).toMatchObject({ kind: "signed-in", principal: ANN });
  expect(identity.ended).toBe(false);
});

it("keeps the user of a device apart from accounts", async () => {
  const user = { kind: "device-user", deviceId: "ABCD", userName: "guard" } as const;
  const tab = openTab();
  await tab.begin(user, identity.issue(), false);
  expect(openTab().state).toEqual({ kind: "signed-in", principal: user, remembered: false });
});

it("takes a note that it cannot read for nobody", () => {
  for (const note of ["", "null", "7", '{"principal":{"kind":"account"}}', "no JSON"]) {
    storage.setItem("sightline.session", note);
    expect(openTab().state, note).toEqual({ kind: "signed-out", by: "person" });
  }
});

it("ends the session on the server too when the person signs out", async () => {
  const tab = await signedInTab();
  await tab.signOut();
  expect(tab.state).toEqual({ kind: "signed-out", by: "person" });
  expect(identity.ended).toBe(true);
});

it("follows another tab that signs out or in", async () => {
  const [here, there] = [await signedInTab(), openTab()];
  await there.signOut();
  tellOtherTabs();
  expect(here.state.kind).toBe("signed-out");
  await there.begin(BOB, identity.issue(), false);
  tellOtherTabs();
  expect(here.state).toMatchObject({ kind: "signed-in", principal: BOB });
});

it("ends the right session when the person signs out during a refresh", async () => {
  const tab = await signedInTab();
  const refreshing = expect(tab.accessToken(true)).rejects.toThrow("signed out");
  const leaving = tab.signOut();
  expect(tab.state.kind).toBe("signed-out");
  await Promise.all([refreshing, leaving]);
  expect(tab.state.kind).toBe("signed-out");
  expect(identity.ended).toBe(true);
  expect(await store.read()).toBeUndefined();
});

it("takes the token with the account that it is of, however late the other tab's news are", async () => {
  const [here, there] = [await signedInTab(), openTab()];
  await there.begin(BOB, identity.issue(), false);
  await here.accessToken(true);
  expect(here.state).toMatchObject({ kind: "signed-in", principal: BOB });
});

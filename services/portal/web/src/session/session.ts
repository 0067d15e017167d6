// Who is signed in, and their access token.
//
// A refresh token is good for one use; when two go on from one token, the session ends. So within a
// page one refresh runs at a time, and across tabs a Web Lock lets one tab refresh while the others
// wait and then read the newer refresh token from the store. A page that goes away in the middle of a
// refresh does no harm: the next one repeats it with the token that is stored.

import { Code, ConnectError, type Client } from "@connectrpc/connect";
import type { Identity, Tokens } from "../gen/sightline/identity/v1/identity_pb";
import { lifetimeOf, type Lifetime } from "./lifetime";
import type { SessionNote, SessionState } from "./note";
import { keyOf, type Principal } from "./principal";
import type { SessionStore, StoredSession } from "./store";
import type { TokenSource } from "./token-source";

const LOCK = "sightline.session";

/** Wait after a refresh that failed for want of a connection. */
const RETRY_MS = 5_000;

type IdentityClient = Pick<Client<typeof Identity>, "refresh" | "signOut">;

type AccessToken = { token: string } & Lifetime;

export class Session implements TokenSource {
  readonly #identity: IdentityClient;
  readonly #store: SessionStore;
  readonly #note: SessionNote;
  readonly #locks: LockManager;
  readonly #tokenListeners = new Set<(token: string) => void>();
  readonly #stateListeners = new Set<(state: SessionState) => void>();
  #state: SessionState;
  #access: AccessToken | undefined;
  #refreshing: Promise<string> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    identity: IdentityClient,
    store: SessionStore,
    note: SessionNote,
    locks: LockManager,
  ) {
    this.#identity = identity;
    this.#store = store;
    this.#note = note;
    this.#locks = locks;
    this.#state = note.read();
    note.onForeignChange(() => this.#followOtherTab());
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Calls back with each change of who is signed in. */
  onState(listener: (state: SessionState) => void): void {
    this.#stateListeners.add(listener);
  }

  onToken(listener: (token: string) => void): () => void {
    this.#tokenListeners.add(listener);
    return () => this.#tokenListeners.delete(listener);
  }

  accessToken(fresh = false): Promise<string> {
    if (!fresh && this.#access !== undefined && Date.now() < this.#access.usableUntil) {
      return Promise.resolve(this.#access.token);
    }
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Takes over what a sign-in answered; until the browser is closed, unless it is `remembered`. */
  async begin(principal: Principal, tokens: Tokens, remembered: boolean): Promise<void> {
    await this.#locks.request(LOCK, async () => {
      await this.#store.write({ ...renewal(tokens), principal, remembered });
      this.#setState({ kind: "signed-in", principal, remembered });
      // Before anybody who hears of it can ask for a token, and so for a refresh.
      this.#keep(tokens);
    });
  }

  /** Signs out here at once, then on the server, as far as there is a connection. */
  async signOut(): Promise<void> {
    this.#setState({ kind: "signed-out", by: "person" });
    await this.#forget();
  }

  /** Ends a session that a closed browser has left behind. */
  async endLeftover(): Promise<void> {
    if (!this.#isSignedIn()) await this.#forget();
  }

  async #forget(): Promise<void> {
    await this.#locks.request(LOCK, async () => {
      // Somebody has signed in here or in another tab while this waited.
      if (this.#note.read().kind === "signed-in") return;
      this.#note.write(this.#state);
      const session = await this.#store.read();
      await this.#store.clear();
      if (session !== undefined) {
        const { refreshToken } = session;
        await this.#identity.signOut({ refreshToken }).catch(() => undefined);
      }
    });
  }

  async #refresh(): Promise<string> {
    return await this.#locks.request(LOCK, async () => {
      const stored = this.#isSignedIn() ? await this.#store.read() : undefined;
      if (stored === undefined) {
        const noted = this.#note.read();
        this.#setState(noted.kind === "signed-out" ? noted : { kind: "signed-out", by: "person" });
        throw signedOut();
      }
      const tokens = await this.#exchange(stored);
      // Whoever signed out meanwhile waits for the lock, to end the session of the new token.
      if (!this.#isSignedIn()) throw signedOut();
      const { principal, remembered } = stored;
      this.#setState({ kind: "signed-in", principal, remembered });
      this.#keep(tokens);
      return tokens.accessToken;
    });
  }

  async #exchange(stored: StoredSession): Promise<Tokens> {
    try {
      const { tokens } = await this.#identity.refresh({ refreshToken: stored.refreshToken });
      if (tokens === undefined) throw new ConnectError("no tokens", Code.Internal);
      await this.#store.write({ ...stored, ...renewal(tokens) });
      return tokens;
    } catch (error) {
      if (isRefused(error)) {
        await this.#store.clear();
        this.#setState({ kind: "signed-out", by: Date.now() < stored.endsAt ? "others" : "age" });
      } else {
        this.#renewIn(RETRY_MS);
      }
      throw error;
    }
  }

  #isSignedIn(): boolean {
    return this.#state.kind === "signed-in";
  }

  #keep(tokens: Tokens): void {
    const expiresAt = Number(tokens.accessExpiresAtUnixMs);
    const lifetime = lifetimeOf(tokens.accessToken, expiresAt, Date.now());
    this.#access = { token: tokens.accessToken, ...lifetime };
    this.#renewIn(lifetime.renewAt - Date.now());
    for (const listener of this.#tokenListeners) listener(tokens.accessToken);
  }

  #renewIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.accessToken(true).catch(() => undefined);
    }, ms);
  }

  #followOtherTab(): void {
    const there = this.#note.read();
    if (!isSame(there, this.#state)) this.#become(there);
  }

  #setState(state: SessionState): void {
    if (isSame(state, this.#state)) return;
    this.#note.write(state);
    this.#become(state);
  }

  /** The last person's token is nobody's any more. */
  #become(state: SessionState): void {
    clearTimeout(this.#timer);
    this.#access = undefined;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}

/** Whether the same person is signed in for as long, or nobody. */
function isSame(one: SessionState, other: SessionState): boolean {
  const key = (state: SessionState) =>
    state.kind === "signed-in" ? `${keyOf(state.principal)} ${state.remembered}` : undefined;
  return key(one) === key(other);
}

/** Nobody is signed in: to callers the same as a server that says so. */
function signedOut(): ConnectError {
  return new ConnectError("signed out", Code.Unauthenticated);
}

function renewal({ refreshToken, refreshExpiresAtUnixMs }: Tokens) {
  return { refreshToken, endsAt: Number(refreshExpiresAtUnixMs) };
}

/** Whether the server knows the refresh token and will never take it again. */
function isRefused(error: unknown): boolean {
  const code = ConnectError.from(error).code;
  return code === Code.Unauthenticated || code === Code.InvalidArgument;
}

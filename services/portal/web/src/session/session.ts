// Who is signed in, and their access token.
//
// A refresh token is good for one use, and a second use ends the session. So within a page one
// refresh runs at a time, and across tabs a Web Lock lets one tab refresh while the others wait and
// then read the newer refresh token from the store.

import { Code, ConnectError, type Client } from "@connectrpc/connect";
import type { Identity, Tokens } from "../gen/sightline/identity/v1/identity_pb";
import { lifetimeOf, type Lifetime } from "./lifetime";
import { SessionStore, type Account } from "./store";
import type { TokenSource } from "./token-source";

const LOCK = "sightline.session";

/** Wait after a refresh that failed for want of a connection. */
const RETRY_MS = 5_000;

/** Nobody is signed in. */
export class SignedOut extends Error {
  constructor() {
    super("signed out");
  }
}

export type SessionState =
  /** `expired`: the server ended the session; not the person's doing. */
  { kind: "signed-out"; expired: boolean } | { kind: "signed-in"; account: Account };

type IdentityClient = Pick<Client<typeof Identity>, "refresh" | "signOut">;

type AccessToken = { token: string } & Lifetime;

export class Session implements TokenSource {
  readonly #identity: IdentityClient;
  readonly #store: SessionStore;
  readonly #locks: LockManager;
  readonly #tokenListeners = new Set<(token: string) => void>();
  readonly #stateListeners = new Set<(state: SessionState) => void>();
  #state: SessionState;
  #access: AccessToken | undefined;
  #refreshing: Promise<string> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(identity: IdentityClient, storage: Storage, locks: LockManager) {
    this.#identity = identity;
    this.#store = new SessionStore(storage);
    this.#locks = locks;
    this.#state = this.#storedState(false);
    this.#store.onForeignChange(() => this.#followOtherTab());
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

  /** Takes over what SignIn or Register answered. */
  begin(account: Account, tokens: Tokens): void {
    const { id, email } = account;
    this.#store.write({ refreshToken: tokens.refreshToken, account: { id, email } });
    this.#setState({ kind: "signed-in", account });
    this.#keep(tokens);
  }

  /** Signs out here and on the server; without a connection, here. */
  async signOut(): Promise<void> {
    await this.#locks.request(LOCK, async () => {
      const stored = this.#store.read();
      this.#end(false);
      if (stored !== undefined) {
        const { refreshToken } = stored;
        await this.#identity.signOut({ refreshToken }).catch(() => undefined);
      }
    });
  }

  async #refresh(): Promise<string> {
    return await this.#locks.request(LOCK, async () => {
      const stored = this.#store.read();
      if (stored === undefined) {
        this.#end(false);
        throw new SignedOut();
      }
      try {
        const { tokens } = await this.#identity.refresh({ refreshToken: stored.refreshToken });
        if (tokens === undefined) throw new ConnectError("no tokens", Code.Internal);
        // Signing out does not wait in another tab for this answer to be stored.
        if (this.#store.read() === undefined) throw new SignedOut();
        this.#store.write({ ...stored, refreshToken: tokens.refreshToken });
        this.#setState({ kind: "signed-in", account: stored.account });
        this.#keep(tokens);
        return tokens.accessToken;
      } catch (error) {
        if (isRefused(error)) this.#end(true);
        else this.#renewIn(RETRY_MS);
        throw error;
      }
    });
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

  #end(expired: boolean): void {
    clearTimeout(this.#timer);
    this.#access = undefined;
    this.#store.clear();
    this.#setState({ kind: "signed-out", expired });
  }

  #followOtherTab(): void {
    const there = this.#storedState(false);
    if (idOf(there) === idOf(this.#state)) return;
    clearTimeout(this.#timer);
    this.#access = undefined;
    this.#setState(there);
  }

  #storedState(expired: boolean): SessionState {
    const stored = this.#store.read();
    if (stored === undefined) return { kind: "signed-out", expired };
    return { kind: "signed-in", account: stored.account };
  }

  #setState(state: SessionState): void {
    if (state.kind === this.#state.kind && idOf(state) === idOf(this.#state)) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}

function idOf(state: SessionState): string | undefined {
  return state.kind === "signed-in" ? state.account.id : undefined;
}

/** Whether the server knows the refresh token and will never take it again. */
function isRefused(error: unknown): boolean {
  const code = ConnectError.from(error).code;
  return code === Code.Unauthenticated || code === Code.InvalidArgument;
}

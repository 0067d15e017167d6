// Who is signed in, and their access token.
//
// A refresh token is good for one use, and a second use ends the session. So within a page one
// refresh runs at a time, and across tabs a Web Lock lets one tab refresh while the others wait and
// then read the newer refresh token from the store.

import { Code, ConnectError, type Client } from "@connectrpc/connect";
import type { Identity, Tokens } from "../gen/sightline/identity/v1/identity_pb";
import { lifetimeOf, type Lifetime } from "./lifetime";
import { AccountNote, type Account, type SessionStore } from "./store";
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
  readonly #note: AccountNote;
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
    note: AccountNote,
    locks: LockManager,
  ) {
    this.#identity = identity;
    this.#store = store;
    this.#note = note;
    this.#locks = locks;
    this.#state = this.#notedState();
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

  /** Takes over what SignIn or Register answered. */
  async begin({ id, email }: Account, tokens: Tokens): Promise<void> {
    const account = { id, email };
    await this.#locks.request(LOCK, () =>
      this.#store.write({ refreshToken: tokens.refreshToken, account }),
    );
    this.#setState({ kind: "signed-in", account });
    this.#keep(tokens);
  }

  /** Signs out here at once, then on the server, as far as there is a connection. */
  async signOut(): Promise<void> {
    this.#setState({ kind: "signed-out", expired: false });
    await this.#locks.request(LOCK, async () => {
      const stored = await this.#store.read();
      await this.#store.clear();
      if (stored !== undefined) {
        const { refreshToken } = stored;
        await this.#identity.signOut({ refreshToken }).catch(() => undefined);
      }
    });
  }

  async #refresh(): Promise<string> {
    return await this.#locks.request(LOCK, async () => {
      const stored = this.#isSignedIn() ? await this.#store.read() : undefined;
      if (stored === undefined) {
        this.#setState({ kind: "signed-out", expired: false });
        throw new SignedOut();
      }
      try {
        const { tokens } = await this.#identity.refresh({ refreshToken: stored.refreshToken });
        if (tokens === undefined) throw new ConnectError("no tokens", Code.Internal);
        await this.#store.write({ ...stored, refreshToken: tokens.refreshToken });
        // Whoever signed out meanwhile waits for the lock, to end the session of the new token.
        if (!this.#isSignedIn()) throw new SignedOut();
        this.#setState({ kind: "signed-in", account: stored.account });
        this.#keep(tokens);
        return tokens.accessToken;
      } catch (error) {
        if (isRefused(error)) {
          await this.#store.clear();
          this.#setState({ kind: "signed-out", expired: true });
        } else if (!(error instanceof SignedOut)) {
          this.#renewIn(RETRY_MS);
        }
        throw error;
      }
    });
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
    const there = this.#notedState();
    if (idOf(there) !== idOf(this.#state)) this.#become(there);
  }

  #notedState(): SessionState {
    const account = this.#note.read();
    return account === undefined
      ? { kind: "signed-out", expired: false }
      : { kind: "signed-in", account };
  }

  #setState(state: SessionState): void {
    if (state.kind === this.#state.kind && idOf(state) === idOf(this.#state)) return;
    if (state.kind === "signed-in") this.#note.write(state.account);
    else this.#note.clear();
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

function idOf(state: SessionState): string | undefined {
  return state.kind === "signed-in" ? state.account.id : undefined;
}

/** Whether the server knows the refresh token and will never take it again. */
function isRefused(error: unknown): boolean {
  const code = ConnectError.from(error).code;
  return code === Code.Unauthenticated || code === Code.InvalidArgument;
}

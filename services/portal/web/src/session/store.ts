// What outlives the page: the refresh token and whose it is. The access token never gets here.

/** Versioned, so that a later format is not mistaken for this one. */
const KEY = "sightline.session.1";

export interface Account {
  id: string;
  email: string;
}

export interface StoredSession {
  refreshToken: string;
  account: Account;
}

export class SessionStore {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  read(): StoredSession | undefined {
    const text = this.#storage.getItem(KEY);
    if (text === null) return undefined;
    try {
      const { refreshToken, account } = JSON.parse(text);
      const texts = [refreshToken, account.id, account.email];
      if (texts.every((value) => typeof value === "string")) {
        return { refreshToken, account: { id: account.id, email: account.email } };
      }
    } catch {
      // Somebody else's text; as good as none.
    }
    return undefined;
  }

  write(session: StoredSession): void {
    this.#storage.setItem(KEY, JSON.stringify(session));
  }

  clear(): void {
    this.#storage.removeItem(KEY);
  }

  /** Calls back when another tab signed in or out. */
  onForeignChange(listener: () => void): void {
    addEventListener("storage", (event) => {
      if (event.storageArea === this.#storage && (event.key === KEY || event.key === null)) {
        listener();
      }
    });
  }
}

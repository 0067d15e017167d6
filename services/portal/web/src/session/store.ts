// What outlives the page: the refresh token and whose it is. The access token never gets here.

export interface Account {
  id: string;
  email: string;
}

export interface StoredSession {
  refreshToken: string;
  account: Account;
}

/** Where the session is kept. Callers hold the session's lock. */
export interface SessionStore {
  read(): Promise<StoredSession | undefined>;
  write(session: StoredSession): Promise<void>;
  clear(): Promise<void>;
}

const DATABASE = "sightline";
const TABLE = "session";
const KEY = "current";

/**
 * Keeps the session in IndexedDB. What one tab has written, the next one to hold the lock reads;
 * localStorage promises no such thing, and a tab that reads an old refresh token there uses it a
 * second time, which ends the session.
 */
export class DatabaseSessionStore implements SessionStore {
  #database: Promise<IDBDatabase> | undefined;

  async read(): Promise<StoredSession | undefined> {
    return this.#change("readonly", (table) => table.get(KEY));
  }

  async write(session: StoredSession): Promise<void> {
    await this.#change("readwrite", (table) => table.put(session, KEY));
  }

  async clear(): Promise<void> {
    await this.#change("readwrite", (table) => table.delete(KEY));
  }

  async #change<T>(
    mode: IDBTransactionMode,
    action: (table: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    this.#database ??= openDatabase();
    const database = await this.#database;
    return new Promise((resolve, reject) => {
      // A token that is lost in a crash after its use on the server would end the session too.
      const transaction = database.transaction(TABLE, mode, { durability: "strict" });
      const request = action(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const NOTE = "sightline.account";

/**
 * A note of who is signed in, in localStorage: it can be read at once when the page starts, and
 * its changes are told to the other tabs.
 */
export class AccountNote {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  read(): Account | undefined {
    try {
      const { id, email } = JSON.parse(this.#storage.getItem(NOTE) ?? "{}");
      if (typeof id === "string" && typeof email === "string") return { id, email };
    } catch {
      // Somebody else's text; as good as none.
    }
    return undefined;
  }

  write({ id, email }: Account): void {
    this.#storage.setItem(NOTE, JSON.stringify({ id, email }));
  }

  clear(): void {
    this.#storage.removeItem(NOTE);
  }

  /** Calls back when another tab signed in or out. */
  onForeignChange(listener: () => void): void {
    addEventListener("storage", (event) => {
      if (event.storageArea === this.#storage && (event.key === NOTE || event.key === null)) {
        listener();
      }
    });
  }
}

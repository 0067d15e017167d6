// What outlives the page: the refresh token and whose it is. The access token never gets here.

import type { Principal } from "./principal";

export interface StoredSession {
  refreshToken: string;
  principal: Principal;
  remembered: boolean;
  /** When the session ends if it is not used until then, milliseconds since the Unix epoch. */
  endsAt: number;
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

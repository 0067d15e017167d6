// A note of who is signed in, in localStorage: it can be read at once when the page starts, and its
// changes are told to the other tabs.

import type { BrowserRun } from "./browser-run";
import { parsePrincipal, type Principal } from "./principal";

/** How the last session ended: by the person's own doing or never having begun; of age; or by
 * somebody else's doing, such as a new password. */
export type EndedBy = "person" | "age" | "others";

export type SessionState =
  | { kind: "signed-out"; by: EndedBy }
  | {
      kind: "signed-in";
      principal: Principal;
      /** Also after the browser was closed. */
      remembered: boolean;
    };

const KEY = "sightline.session";

export class SessionNote {
  readonly #storage: Storage;
  readonly #run: BrowserRun;

  constructor(storage: Storage, run: BrowserRun) {
    this.#storage = storage;
    this.#run = run;
  }

  read(): SessionState {
    try {
      const note = JSON.parse(this.#storage.getItem(KEY) ?? "{}");
      const principal = parsePrincipal(note.principal);
      const remembered = note.remembered === true;
      if (principal !== undefined) {
        // The browser was closed on a session that was not to be remembered.
        if (!remembered && !this.#run.isMarked()) return { kind: "signed-out", by: "person" };
        return { kind: "signed-in", principal, remembered };
      }
      if (note.by === "age" || note.by === "others") return { kind: "signed-out", by: note.by };
    } catch {
      // Somebody else's text; as good as none.
    }
    return { kind: "signed-out", by: "person" };
  }

  write(state: SessionState): void {
    if (state.kind === "signed-in" && !state.remembered) this.#run.mark();
    this.#storage.setItem(KEY, JSON.stringify(state));
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

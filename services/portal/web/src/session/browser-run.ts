// Tells one run of the browser from the next. A session that is not to be remembered is one of this
// run: all its tabs share it, and whoever starts the browser anew finds nobody signed in.

export interface BrowserRun {
  /** Whether `mark` was called in this run of the browser. */
  isMarked(): boolean;
  mark(): void;
}

/** A cookie without an end is all that browsers keep for a run and show to every tab. It is no
 * secret, and the server does not look at it. */
const COOKIE = "sightline-run=1";

export const browserRun: BrowserRun = {
  isMarked: () => document.cookie.split("; ").includes(COOKIE),
  mark: () => void (document.cookie = `${COOKIE}; path=/; samesite=strict`),
};

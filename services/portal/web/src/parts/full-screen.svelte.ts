// The browser's full screen mode.

export class FullScreen {
  active = $state(false);
  /** iPhones know it for their own player only. */
  readonly isPossible = document.fullscreenEnabled;

  constructor() {
    $effect(() => {
      const follow = () => (this.active = document.fullscreenElement !== null);
      document.addEventListener("fullscreenchange", follow);
      return () => document.removeEventListener("fullscreenchange", follow);
    });
  }

  toggle(element: HTMLElement): void {
    if (!this.isPossible) return;
    // `active` follows a moment later, too late for somebody who changes their mind at once.
    const isFull = document.fullscreenElement !== null;
    const done = isFull ? document.exitFullscreen() : element.requestFullscreen();
    // Refused without a gesture, or when another request came in between: nothing to mend.
    done.catch(() => undefined);
  }
}

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

  /** The truth for keys that follow each other closely; `active` is told a moment later. */
  get isOn(): boolean {
    return document.fullscreenElement !== null;
  }

  toggle(element: HTMLElement): void {
    if (!this.isPossible) return;
    const done = this.isOn ? document.exitFullscreen() : element.requestFullscreen();
    // Refused without a gesture, or when another request came in between: nothing to mend.
    done.catch(() => undefined);
  }
}

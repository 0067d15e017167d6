// Short messages about what has just happened.

import type { IconName } from "./Icon.svelte";

/** Long enough to read two lines. */
const SHOWN_MS = 7_000;

/** Older ones make room: more would hide the page. */
const SHOWN_MAX = 2;

export interface Toast {
  id: number;
  words: string;
  icon: IconName;
}

let toasts = $state.raw<readonly Toast[]>([]);
let lastId = 0;

export function currentToasts(): readonly Toast[] {
  return toasts;
}

/** `icon` is that of something done, unless it came from elsewhere. */
export function say(words: string, icon: IconName = "check"): void {
  const id = ++lastId;
  toasts = [...toasts, { id, words, icon }].slice(-SHOWN_MAX);
  setTimeout(() => drop(id), SHOWN_MS);
}

export function drop(id: number): void {
  toasts = toasts.filter((toast) => toast.id !== id);
}

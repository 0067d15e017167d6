// The time of day, for words that grow old by themselves.

/** An opening or closing that is this late on the screen surprises nobody. */
const TICK_MS = 5_000;

let ms = $state(Date.now());

setInterval(() => (ms = Date.now()), TICK_MS);

/** Milliseconds since the Unix epoch; reactive. */
export function now(): number {
  return ms;
}

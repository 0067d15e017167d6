/** First wait. Short, since most cuts are a restart that takes a moment. */
const FIRST_MS = 400;

/** Longest wait: a person who looks at the screen would reload the page after more. */
const LONGEST_MS = 15_000;

/**
 * How long to wait before attempt number `attempt` (0 is the first retry), in milliseconds. The
 * upper half is random, so that the viewers of a restarted node do not return in one instant.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
  return ceiling * (0.5 + random() / 2);
}

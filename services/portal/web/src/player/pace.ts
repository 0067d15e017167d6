// How fast to play so that the picture stays a steady, small time behind the newest frame.

/** Below this, one late packet is a stall. */
const TARGET_MIN_S = 0.15;

/** Above this, moving a camera by hand feels loose. */
const TARGET_MAX_S = 0.3;

/** Where a correction ends: inside the window, so that it does not begin again at once. */
const TARGET_S = 0.22;

/** Too far to catch up by playing faster: jump. */
const JUMP_S = 2;

/** Fastest rate: beyond it speech sounds hurried. */
const FASTEST = 1.1;

/** Slowest rate, to win the reserve back after the buffer ran dry. The picture has just stood still,
 * so that a second of slower speech is the smaller evil. */
const SLOWEST = 0.85;

/** Change of rate per second of distance, when too far behind and when too near to the edge. */
const GAIN = 0.2;
const GAIN_DRY = 0.6;

export type Pace = { rate: number } | { jumpBy: number };

/**
 * What to do when the playhead is `behindS` seconds behind the edge and plays at `rate`.
 * A correction that has begun goes on until the target, which keeps the rate from flapping at the
 * window's borders.
 */
export function pace(behindS: number, rate: number): Pace {
  if (behindS > JUMP_S) return { jumpBy: behindS - TARGET_S };
  if (behindS > TARGET_MAX_S || (rate > 1 && behindS > TARGET_S)) {
    return { rate: clamp(1.02 + GAIN * (behindS - TARGET_S), 1, FASTEST) };
  }
  if (behindS < TARGET_MIN_S - 0.05 || (rate < 1 && behindS < TARGET_S)) {
    return { rate: clamp(0.99 - GAIN_DRY * (TARGET_S - behindS), SLOWEST, 1) };
  }
  return { rate: 1 };
}

/** Where to stand when playback begins or starts over with the edge at `edgeS`. */
export function startAt(edgeS: number, firstS: number): number {
  return Math.max(firstS, edgeS - TARGET_S);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

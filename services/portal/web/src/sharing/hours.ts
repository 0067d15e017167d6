// When a share is in force: weekly hours by the clock on the wall at the device. The server
// decides; this tells a person what it will decide.

import type { Interval, Schedule, Terms } from "../gen/sightline/sharing/v1/sharing_pb";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MINUTES_OF_DAY = 1440;
export const LAST_MINUTE = MINUTES_OF_DAY - 1;

/** Days within which hours that open or close at all do so: they repeat after a week, and a clock
 * change may swallow one of them. */
const HORIZON_DAYS = 15;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** What a clock in the zone shows at a moment, as milliseconds of a calendar without zones. */
export function wallClock(atMs: number, zone: string): number {
  const parts = formatter(zone).formatToParts(atMs);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(
    of("year"),
    of("month") - 1,
    of("day"),
    of("hour"),
    of("minute"),
    of("second"),
  );
  return shown + (((atMs % 1000) + 1000) % 1000);
}

/** The first moment at which a clock in the zone shows this, or the next time it can show. */
export function momentOf(wallMs: number, zone: string): number {
  const moments = [wallMs - DAY_MS, wallMs + DAY_MS].map((near) => wallMs - offset(near, zone));
  const real = moments.filter((moment) => wallClock(moment, zone) === wallMs);
  return real.length > 0 ? Math.min(...real) : Math.max(...moments);
}

export function isWithin(schedule: Schedule | undefined, atMs: number, zone: string): boolean {
  if (schedule === undefined) return true;
  const wall = wallClock(atMs, zone);
  const minute = Math.floor((wall % DAY_MS) / MINUTE_MS);
  const weekday = weekdayOf(wall);
  const yesterday = weekdayOf(wall - DAY_MS);
  const on = (day: number) => (schedule.weekdays as number[]).includes(day);
  return effective(schedule).some(({ fromMinute, toMinute }) =>
    fromMinute <= toMinute
      ? on(weekday) && fromMinute <= minute && minute <= toMinute
      : (on(weekday) && minute >= fromMinute) || (on(yesterday) && minute <= toMinute),
  );
}

/** The first moment after `atMs` at which the hours open or close; undefined when they never do. */
export function nextChange(
  schedule: Schedule | undefined,
  atMs: number,
  zone: string,
): number | undefined {
  if (schedule === undefined) return undefined;
  const open = isWithin(schedule, atMs, zone);
  return candidates(schedule, atMs, zone)
    .filter((moment) => moment > atMs)
    .sort((a, b) => a - b)
    .find((moment) => isWithin(schedule, moment, zone) !== open);
}

export type Access =
  | { state: "open"; untilMs?: number }
  | { state: "closed"; opensAtMs?: number }
  /** The device has not told its time zone; hours give nothing until it does. */
  | { state: "zone-unknown" }
  /** The device's zone is one that this browser does not know; the server does. */
  | { state: "unclear" }
  | { state: "ended" };

/** What an accepted share gives at a moment, and until when if nobody changes it. */
export function accessAt(terms: Terms | undefined, zone: string, atMs: number): Access {
  const endsMs = Number(terms?.endsAtUnixMs ?? 0) || Infinity;
  if (atMs >= endsMs) return { state: "ended" };
  if (terms?.schedule !== undefined && !isKnownZone(zone)) {
    return { state: zone === "" ? "zone-unknown" : "unclear" };
  }
  const change = nextChange(terms?.schedule, atMs, zone) ?? Infinity;
  if (isWithin(terms?.schedule, atMs, zone)) {
    const untilMs = Math.min(change, endsMs);
    return untilMs === Infinity ? { state: "open" } : { state: "open", untilMs };
  }
  return change < endsMs ? { state: "closed", opensAtMs: change } : { state: "closed" };
}

/** 1 is Monday, as in ISO 8601 and in the contract. */
export function weekdayOf(wallMs: number): number {
  return new Date(wallMs).getUTCDay() || 7;
}

/** No interval stands for the whole day. */
function effective({ intervals }: Schedule): Pick<Interval, "fromMinute" | "toMinute">[] {
  return intervals.length > 0 ? intervals : [{ fromMinute: 0, toMinute: LAST_MINUTE }];
}

/** Moments among which all changes are: the hours' own minutes by each of the zone's clocks of
 * these days, and the clock changes. */
function candidates(schedule: Schedule, atMs: number, zone: string): number[] {
  const changes = clockChanges(atMs, zone);
  const offsets = new Set([atMs, ...changes].map((moment) => offset(moment, zone)));
  const moments = [...changes];
  const midnight = Math.floor(wallClock(atMs, zone) / DAY_MS) * DAY_MS;
  for (let day = -1; day <= HORIZON_DAYS; day++) {
    for (const { fromMinute, toMinute } of effective(schedule)) {
      for (const minute of [fromMinute, toMinute + 1]) {
        const wall = midnight + day * DAY_MS + minute * MINUTE_MS;
        for (const ahead of offsets) moments.push(wall - ahead);
      }
    }
  }
  return moments;
}

/** The first moments with another offset, to the minute. */
function clockChanges(atMs: number, zone: string): number[] {
  const changes: number[] = [];
  const start = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  for (let day = 0; day <= HORIZON_DAYS; day++) {
    let before = start + day * DAY_MS;
    let after = before + DAY_MS;
    const old = offset(before, zone);
    if (offset(after, zone) === old) continue;
    while (after - before > MINUTE_MS) {
      const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
      if (offset(middle, zone) === old) before = middle;
      else after = middle;
    }
    changes.push(after);
  }
  return changes;
}

/** How far the zone's clock is ahead of UTC, in milliseconds. */
function offset(atMs: number, zone: string): number {
  return wallClock(atMs, zone) - atMs;
}

function formatter(zone: string): Intl.DateTimeFormat {
  let known = formatters.get(zone);
  if (known === undefined) {
    known = new Intl.DateTimeFormat("en-US", {
      timeZone: knownZone(zone),
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, known);
  }
  return known;
}

/** UTC for a zone that the device has not told, or that this browser does not know: for days, which
 * are shown all the same. Hours are not told by it, see `accessAt`. */
export function knownZone(zone: string): string {
  return isKnownZone(zone) ? zone : "UTC";
}

/** Whether clocks of the zone can be read here. */
export function isKnownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone !== "";
  } catch {
    return false;
  }
}

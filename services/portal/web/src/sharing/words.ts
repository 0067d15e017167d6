// Terms of a share in words of a language: weekdays, hours, moments, lists.

import type { Interval, Schedule } from "../gen/sightline/sharing/v1/sharing_pb";
import { LAST_MINUTE, knownZone, wallClock, weekdayOf } from "./hours";

const DAY_MS = 24 * 3_600_000;
/** A Monday. */
const MONDAY_MS = Date.UTC(2024, 0, 1);
export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
/** From here on a run of days is written by its first and last one. */
const RUN_MIN = 3;

/** What no formatter of the browser knows. */
export interface ScheduleWords {
  everyDay: string;
  allDay: string;
  always: string;
  /** Stands after an interval that ends on the day after its beginning. */
  nextDay: string;
}

/** "Mon" or "Monday"; 1 is Monday. */
export function weekdayName(day: number, language: string, length: "short" | "long"): string {
  const names = new Intl.DateTimeFormat(language, { weekday: length, timeZone: "UTC" });
  return names.format(MONDAY_MS + (day - 1) * DAY_MS);
}

/** "Mon–Fri, Sun". */
export function weekdaysText(days: readonly number[], language: string): string {
  const name = (day: number) => weekdayName(day, language, "short");
  return runsOf(days)
    .flatMap((run) =>
      run.length >= RUN_MIN ? [`${name(run[0]!)}–${name(run.at(-1)!)}`] : run.map(name),
    )
    .join(", ");
}

/** "10:00". */
export function timeText(minute: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** "Mon–Fri 10:00–17:59, 20:00–21:59". */
export function scheduleText(
  schedule: Schedule | undefined,
  language: string,
  words: ScheduleWords,
): string {
  if (schedule === undefined) return words.always;
  const wholeDay = schedule.intervals.every(isWholeDay);
  const wholeWeek = WEEKDAYS.every((day) => (schedule.weekdays as number[]).includes(day));
  if (wholeDay && wholeWeek) return words.always;
  const days = wholeWeek ? words.everyDay : weekdaysText(schedule.weekdays, language);
  return `${days} ${wholeDay ? words.allDay : intervalsText(schedule.intervals, words)}`;
}

function intervalsText(intervals: readonly Interval[], words: ScheduleWords): string {
  return [...intervals]
    .sort((a, b) => a.fromMinute - b.fromMinute)
    .map(({ fromMinute, toMinute }) => {
      const text = `${timeText(fromMinute)}–${timeText(toMinute)}`;
      return toMinute < fromMinute ? `${text} ${words.nextDay}` : text;
    })
    .join(", ");
}

function isWholeDay({ fromMinute, toMinute }: Interval): boolean {
  return fromMinute === 0 && toMinute === LAST_MINUTE;
}

/** A moment near now by the zone's clock: "18:00", "tomorrow 10:00", "Mon 10:00", "7 Dec 10:00". */
export function momentText(atMs: number, nowMs: number, zone: string, language: string): string {
  const wall = wallClock(atMs, zone);
  const time = timeText(Math.floor((wall % DAY_MS) / 60_000));
  const days = Math.floor(wall / DAY_MS) - Math.floor(wallClock(nowMs, zone) / DAY_MS);
  if (days === 0) return time;
  if (days === 1) {
    const tomorrow = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(1, "day");
    return `${tomorrow} ${time}`;
  }
  if (days > 1 && days < 7) return `${weekdayName(weekdayOf(wall), language, "short")} ${time}`;
  const date = new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  return `${date.format(wall)} ${time}`;
}

/** The zone of the clock that the person at the screen lives by. */
export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Whether clocks of the zone show another time than the person's own. */
export function isElsewhere(zone: string, nowMs: number): boolean {
  return wallClock(nowMs, zone) !== wallClock(nowMs, OWN_ZONE);
}

/** The last day on which something holds that ends at this moment: "31 December 2026". */
export function lastDayText(endsMs: number, zone: string, language: string): string {
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: knownZone(zone) });
  return date.format(endsMs - 1);
}

/** "America/New York". */
export function zoneText(zone: string): string {
  return (zone || "UTC").replaceAll("_", " ");
}

export function listText(items: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(items);
}

/** Days that follow each other, Monday first. */
function runsOf(days: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const day of [...new Set(days)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.at(-1) === day - 1) last.push(day);
    else runs.push([day]);
  }
  return runs;
}

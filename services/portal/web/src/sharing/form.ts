// The form of a share: what a person fills in, and the terms that it stands for.

import { create } from "@bufbuild/protobuf";
import {
  IntervalSchema,
  Permission,
  ScheduleSchema,
  TermsSchema,
  type Terms,
  type Weekday,
} from "../gen/sightline/sharing/v1/sharing_pb";
import { momentOf, wallClock } from "./hours";
import { timeText } from "./words";

/** The same bound as the server's. */
export const INTERVALS_MAX = 16;

const DAY_MS = 24 * 3_600_000;
const WORKDAYS = [1, 2, 3, 4, 5];
const NEW_INTERVAL = { from: "09:00", to: "17:59" };

export interface HoursForm {
  /** Tells the rows apart while they are edited. */
  key: number;
  from: string;
  to: string;
}

export interface TermsForm {
  live: boolean;
  archive: boolean;
  notifications: boolean;
  always: boolean;
  intervals: HoursForm[];
  /** 1 is Monday. */
  weekdays: number[];
  ends: boolean;
  /** The last day, `YYYY-MM-DD`. */
  lastDay: string;
  wholeDevice: boolean;
  channels: number[];
}

export type Problem = "right" | "time" | "weekday" | "lastDay" | "channel";

let lastKey = 0;

export function newInterval({ from, to }: { from: string; to: string } = NEW_INTERVAL): HoursForm {
  return { key: ++lastKey, from, to };
}

/** The form of these terms; of the first offer that most people make without them. */
export function formOf(terms: Terms | undefined, zone: string): TermsForm {
  const has = (permission: Permission) => terms?.permissions.includes(permission) ?? false;
  const schedule = terms?.schedule;
  const endsMs = Number(terms?.endsAtUnixMs ?? 0);
  return {
    live: terms === undefined || has(Permission.VIEW_LIVE) || has(Permission.VIEW_ARCHIVE),
    archive: has(Permission.VIEW_ARCHIVE),
    notifications: has(Permission.NOTIFICATIONS),
    always: schedule === undefined,
    intervals: schedule
      ? schedule.intervals.map(({ fromMinute, toMinute }) =>
          newInterval({ from: timeText(fromMinute), to: timeText(toMinute) }),
        )
      : [newInterval()],
    weekdays: schedule ? [...schedule.weekdays] : WORKDAYS,
    ends: endsMs > 0,
    lastDay: endsMs > 0 ? dayText(wallClock(endsMs - 1, zone)) : "",
    wholeDevice: (terms?.channels.length ?? 0) === 0,
    channels: [...(terms?.channels ?? [])],
  };
}

/** What is wrong with the form; nothing when it can be sent. */
export function problemsOf(form: TermsForm, zone: string, nowMs: number): Problem[] {
  const problems: Problem[] = [];
  if (!form.live && !form.archive && !form.notifications) problems.push("right");
  if (!form.always) {
    const known = ({ from, to }: HoursForm) =>
      parseTime(from) !== undefined && parseTime(to) !== undefined;
    if (!form.intervals.every(known)) problems.push("time");
    if (form.weekdays.length === 0) problems.push("weekday");
  }
  if (form.ends && !(endOf(form.lastDay, zone) > nowMs)) problems.push("lastDay");
  if (!form.wholeDevice && form.channels.length === 0) problems.push("channel");
  return problems;
}

/** The terms of a form without problems. */
export function termsOf(form: TermsForm, zone: string): Terms {
  const rights = [
    // The archive includes live view, with or without this.
    form.live && Permission.VIEW_LIVE,
    form.archive && Permission.VIEW_ARCHIVE,
    form.notifications && Permission.NOTIFICATIONS,
  ];
  const intervals = form.intervals.map(({ from, to }) =>
    create(IntervalSchema, { fromMinute: parseTime(from) ?? 0, toMinute: parseTime(to) ?? 0 }),
  );
  const weekdays = [...form.weekdays].sort((a, b) => a - b) as Weekday[];
  return create(TermsSchema, {
    permissions: rights.filter((right) => right !== false),
    ...(form.always ? {} : { schedule: create(ScheduleSchema, { intervals, weekdays }) }),
    channels: form.wholeDevice ? [] : [...form.channels].sort((a, b) => a - b),
    endsAtUnixMs: form.ends ? BigInt(endOf(form.lastDay, zone)) : 0n,
  });
}

/** Minute of the day of "9:05", "09:05" or "905"; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):?(\d{2})$/.exec(text.trim()) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return Number(hours) * 60 + Number(minutes);
}

/** Puts the colon in while somebody types digits, which is all that a phone's keypad has. */
export function groupTime(text: string): string {
  const known = text.replace(/[^0-9:]/g, "").slice(0, 5);
  return /^\d{4}$/.test(known) ? `${known.slice(0, 2)}:${known.slice(2)}` : known;
}

/** Whether the interval ends on the day after its beginning. */
export function crossesMidnight({ from, to }: HoursForm): boolean {
  const [start, end] = [parseTime(from), parseTime(to)];
  return start !== undefined && end !== undefined && end < start;
}

/** The day of today by the zone's clock, for the earliest end that makes sense. */
export function today(zone: string, nowMs: number): string {
  return dayText(wallClock(nowMs, zone));
}

/** The midnight at which the last day is over, by the zone's clock; NaN for no date. */
function endOf(lastDay: string, zone: string): number {
  const start = Date.parse(`${lastDay}T00:00:00Z`);
  return Number.isNaN(start) ? NaN : momentOf(start + DAY_MS, zone);
}

function dayText(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

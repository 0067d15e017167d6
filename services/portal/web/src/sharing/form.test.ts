import { expect, it } from "vitest";
import { Permission } from "../gen/sightline/sharing/v1/sharing_pb";
import {
  crossesMidnight,
  formOf,
  groupTime,
  newInterval,
  parseTime,
  problemsOf,
  termsOf,
} from "./form";

const ZONE = "Europe/Moscow";
const NOW = Date.parse("2026-11-22T12:00:00+03:00");

const first = () => formOf(undefined, ZONE);

it("offers live view at all times at first, and nothing more", () => {
  const terms = termsOf(first(), ZONE);
  expect(terms.permissions).toEqual([Permission.VIEW_LIVE]);
  expect(terms.schedule).toBeUndefined();
  expect(terms.channels).toEqual([]);
  expect(terms.endsAtUnixMs).toBe(0n);
});

it("gives the same terms back after a look at the form", () => {
  const form = {
    ...first(),
    archive: true,
    notifications: true,
    always: false,
    intervals: [
      newInterval({ from: "10:00", to: "17:59" }),
      newInterval({ from: "22:00", to: "1:59" }),
    ],
    weekdays: [5, 1],
    ends: true,
    lastDay: "2026-12-31",
    wholeDevice: false,
    channels: [3, 1],
  };
  const terms = termsOf(form, ZONE);
  expect(terms.schedule?.intervals.map((one) => [one.fromMinute, one.toMinute])).toEqual([
    [600, 1079],
    [1320, 119],
  ]);
  expect(terms.schedule?.weekdays).toEqual([1, 5]);
  expect(terms.channels).toEqual([1, 3]);
  expect(termsOf(formOf(terms, ZONE), ZONE)).toEqual(terms);
});

it("ends with the last day by the device's clock", () => {
  const terms = termsOf({ ...first(), ends: true, lastDay: "2026-12-31" }, ZONE);
  expect(Number(terms.endsAtUnixMs)).toBe(Date.parse("2027-01-01T00:00:00+03:00"));
});

it("names each thing that is missing", () => {
  const form = { ...first(), live: false, always: false, weekdays: [], wholeDevice: false };
  form.intervals = [newInterval({ from: "25:00", to: "" })];
  expect(problemsOf(form, ZONE, NOW)).toEqual(["right", "time", "weekday", "channel"]);
  expect(problemsOf(first(), ZONE, NOW)).toEqual([]);
});

it("wants an end that is still to come", () => {
  const until = (lastDay: string) => problemsOf({ ...first(), ends: true, lastDay }, ZONE, NOW);
  expect(until("2026-11-22")).toEqual([]);
  expect(until("2026-11-21")).toEqual(["lastDay"]);
  expect(until("")).toEqual(["lastDay"]);
});

it("does not mind hours that are not asked for", () => {
  const form = { ...first(), intervals: [newInterval({ from: "?", to: "?" })], weekdays: [] };
  expect(problemsOf(form, ZONE, NOW)).toEqual([]);
});

it("reads times as people write them", () => {
  expect(["9:05", " 09:05 ", "905", "00:00", "23:59"].map(parseTime)).toEqual([
    545, 545, 545, 0, 1439,
  ]);
  expect(["24:00", "9", "09:60", "", "9:5"].map(parseTime)).toEqual(Array(5).fill(undefined));
});

it("puts the colon into a time that is typed in digits", () => {
  expect(["0", "09", "093", "0930", "9:3", "09:30x"].map(groupTime)).toEqual([
    "0",
    "09",
    "093",
    "09:30",
    "9:3",
    "09:30",
  ]);
});

it("tells when an interval runs into the next day", () => {
  expect(crossesMidnight(newInterval({ from: "22:00", to: "05:59" }))).toBe(true);
  expect(crossesMidnight(newInterval({ from: "10:00", to: "10:00" }))).toBe(false);
  expect(crossesMidnight(newInterval({ from: "22:00", to: "" }))).toBe(false);
});

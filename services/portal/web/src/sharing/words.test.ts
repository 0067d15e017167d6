import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ScheduleSchema } from "../gen/sightline/sharing/v1/sharing_pb";
import { sharing as en } from "../i18n/sharing.en";
import { sharing as ru } from "../i18n/sharing.ru";
import { lastDayText, momentText, scheduleText, weekdaysText } from "./words";

const HOURS = [
  { fromMinute: 1200, toMinute: 1319 },
  { fromMinute: 600, toMinute: 1079 },
];
const weekly = (weekdays: number[], intervals = HOURS) =>
  create(ScheduleSchema, { weekdays, intervals });
const inEnglish = (schedule?: ReturnType<typeof weekly>) => scheduleText(schedule, "en", en.hours);
const inRussian = (schedule?: ReturnType<typeof weekly>) => scheduleText(schedule, "ru", ru.hours);

it("writes days and hours as a person would", () => {
  const workdays = weekly([1, 2, 3, 4, 5]);
  expect(inEnglish(workdays)).toBe("Mon–Fri 10:00–17:59, 20:00–21:59");
  expect(inRussian(workdays)).toBe("пн–пт 10:00–17:59, 20:00–21:59");
});

it("writes two days that follow each other one by one", () => {
  expect(weekdaysText([7, 6], "en")).toBe("Sat, Sun");
  expect(weekdaysText([1, 2, 3, 6, 7], "en")).toBe("Mon–Wed, Sat, Sun");
  expect(weekdaysText([1, 3, 5], "ru")).toBe("пн, ср, пт");
});

it("has words for whole days, whole weeks and all of it", () => {
  const week = [1, 2, 3, 4, 5, 6, 7];
  const day = [{ fromMinute: 0, toMinute: 1439 }];
  expect(inEnglish(weekly([6, 7], []))).toBe("Sat, Sun all day");
  expect(inEnglish(weekly([6, 7], day))).toBe("Sat, Sun all day");
  expect(inEnglish(weekly(week))).toBe("Every day 10:00–17:59, 20:00–21:59");
  expect(inEnglish(weekly(week, []))).toBe("At all times");
  expect(inEnglish(undefined)).toBe("At all times");
  expect(inRussian(undefined)).toBe("В любое время");
});

it("says that an interval runs into the next day", () => {
  const night = weekly([5], [{ fromMinute: 1320, toMinute: 359 }]);
  expect(inEnglish(night)).toBe("Fri 22:00–05:59 (next day)");
  expect(inRussian(night)).toBe("пт 22:00–05:59 (следующего дня)");
});

it("names a moment the shorter the nearer it is, by the clock of the zone", () => {
  const now = Date.parse("2026-11-27T23:30:00+03:00");
  const text = (moment: string, language = "en") =>
    momentText(Date.parse(moment), now, "Europe/Moscow", language);
  expect(text("2026-11-27T23:45:00+03:00")).toBe("23:45");
  expect(text("2026-11-28T10:00:00+03:00")).toBe("tomorrow 10:00");
  expect(text("2026-11-30T10:00:00+03:00")).toBe("Mon 10:00");
  expect(text("2026-11-30T10:00:00+03:00", "ru")).toBe("пн 10:00");
  expect(text("2026-12-07T10:00:00+03:00")).toBe("Dec 7 10:00");
});

it("names the last day of a share, and not the midnight after it", () => {
  const end = Date.parse("2027-01-01T00:00:00+03:00");
  expect(lastDayText(end, "Europe/Moscow", "en")).toBe("December 31, 2026");
  expect(lastDayText(end, "Europe/Moscow", "ru")).toBe("31 декабря 2026 г.");
});

import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ScheduleSchema, TermsSchema, type Schedule } from "../gen/sightline/sharing/v1/sharing_pb";
import { accessAt, isWithin, momentOf, nextChange, wallClock } from "./hours";

const MOSCOW = "Europe/Moscow";
const BERLIN = "Europe/Berlin";
const WORKDAYS = [1, 2, 3, 4, 5];

const minute = (text: string) => {
  const [hours, minutes] = text.split(":").map(Number);
  return hours! * 60 + minutes!;
};
const weekly = (weekdays: number[], ...hours: [string, string][]): Schedule =>
  create(ScheduleSchema, {
    weekdays,
    intervals: hours.map(([from, to]) => ({ fromMinute: minute(from), toMinute: minute(to) })),
  });
const at = (text: string) => Date.parse(text);
const moment = (ms: number | undefined) => (ms === undefined ? ms : new Date(ms).toISOString());

/** Open from Monday to Friday, 10:00-17:59 and 20:00-21:59. */
const twice = weekly(WORKDAYS, ["10:00", "17:59"], ["20:00", "21:59"]);

it("includes an interval's last minute to its last second", () => {
  expect(isWithin(twice, at("2026-11-23T09:59:59.999+03:00"), MOSCOW)).toBe(false);
  expect(isWithin(twice, at("2026-11-23T10:00:00+03:00"), MOSCOW)).toBe(true);
  expect(isWithin(twice, at("2026-11-23T17:59:59.999+03:00"), MOSCOW)).toBe(true);
  expect(isWithin(twice, at("2026-11-23T18:00:00+03:00"), MOSCOW)).toBe(false);
  expect(isWithin(twice, at("2026-11-28T12:00:00+03:00"), MOSCOW)).toBe(false);
});

it("counts hours by the clock of the device and not of the browser", () => {
  const noon = weekly([7], ["12:00", "12:59"]);
  expect(isWithin(noon, at("2026-11-22T00:30:00Z"), "Asia/Vladivostok")).toBe(false);
  expect(isWithin(noon, at("2026-11-22T02:30:00Z"), "Asia/Vladivostok")).toBe(true);
});

it("gives an interval over midnight to the day on which it began", () => {
  const fridayNight = weekly([5], ["22:00", "05:59"]);
  expect(isWithin(fridayNight, at("2026-11-27T03:00:00+03:00"), MOSCOW)).toBe(false);
  const night = at("2026-11-28T03:00:00+03:00");
  expect(isWithin(fridayNight, night, MOSCOW)).toBe(true);
  expect(moment(nextChange(fridayNight, night, MOSCOW))).toBe("2026-11-28T03:00:00.000Z");
});

it("takes no interval for the whole day", () => {
  const sundays = weekly([7]);
  const morning = at("2026-11-22T08:00:00+03:00");
  expect(isWithin(sundays, morning, MOSCOW)).toBe(true);
  expect(moment(nextChange(sundays, morning, MOSCOW))).toBe("2026-11-22T21:00:00.000Z");
});

it("finds no change where hours meet without a gap", () => {
  const everyDay = weekly([1, 2, 3, 4, 5, 6, 7]);
  expect(nextChange(everyDay, at("2026-11-22T08:00:00Z"), MOSCOW)).toBeUndefined();
});

it("clips hours that the clock skips, and counts both where it repeats one", () => {
  const early = weekly([7], ["02:00", "03:29"]);
  // 2026-03-29: from 02:00 to 03:00 in one step.
  expect(moment(nextChange(early, at("2026-03-29T00:00:00Z"), BERLIN))).toBe(
    "2026-03-29T01:00:00.000Z",
  );
  expect(moment(nextChange(early, at("2026-03-29T01:00:00Z"), BERLIN))).toBe(
    "2026-03-29T01:30:00.000Z",
  );
  // 2026-10-25: 02:00 to 03:00 comes twice.
  const hour = weekly([7], ["02:00", "02:59"]);
  expect(moment(nextChange(hour, at("2026-10-24T23:00:00Z"), BERLIN))).toBe(
    "2026-10-25T00:00:00.000Z",
  );
  expect(moment(nextChange(hour, at("2026-10-25T00:00:00Z"), BERLIN))).toBe(
    "2026-10-25T02:00:00.000Z",
  );
});

it("agrees with a walk minute by minute through both clock changes", () => {
  const schedule = weekly([6, 7, 1], ["01:30", "02:29"], ["23:15", "00:44"]);
  for (const [zone, from] of [
    [BERLIN, "2026-03-27T12:00:00Z"],
    [BERLIN, "2026-10-23T12:00:00Z"],
    ["Australia/Lord_Howe", "2026-04-03T12:00:00Z"],
    ["America/St_Johns", "2026-10-30T12:00:00Z"],
  ] as const) {
    const end = at(from) + 4 * 24 * 3_600_000;
    let foretold = nextChange(schedule, at(from), zone);
    for (let ms = at(from) + 60_000; ms < end; ms += 60_000) {
      const changed = isWithin(schedule, ms, zone) !== isWithin(schedule, ms - 60_000, zone);
      if (changed !== (ms === foretold)) {
        expect.fail(`${zone} ${moment(ms)}: foretold ${moment(foretold)}`);
      }
      if (changed) foretold = nextChange(schedule, ms, zone);
    }
  }
});

it("tells until when access is open, and when it opens", () => {
  const terms = create(TermsSchema, { schedule: twice });
  expect(accessAt(terms, MOSCOW, at("2026-11-23T17:30:00+03:00"))).toEqual({
    state: "open",
    untilMs: at("2026-11-23T18:00:00+03:00"),
  });
  expect(accessAt(terms, MOSCOW, at("2026-11-27T22:00:00+03:00"))).toEqual({
    state: "closed",
    opensAtMs: at("2026-11-30T10:00:00+03:00"),
  });
  expect(accessAt(create(TermsSchema), MOSCOW, 0)).toEqual({ state: "open" });
});

it("ends with the share's own end, and foretells nothing behind it", () => {
  const end = at("2026-11-28T00:00:00+03:00");
  const terms = create(TermsSchema, { schedule: twice, endsAtUnixMs: BigInt(end) });
  expect(accessAt(terms, MOSCOW, at("2026-11-27T22:00:00+03:00"))).toEqual({ state: "closed" });
  expect(accessAt(terms, MOSCOW, end)).toEqual({ state: "ended" });
  const always = create(TermsSchema, { endsAtUnixMs: BigInt(end) });
  expect(accessAt(always, MOSCOW, end - 1)).toEqual({ state: "open", untilMs: end });
});

it("finds the moment that a clock shows, also around its changes", () => {
  const wall = Date.UTC(2026, 9, 25, 2, 30);
  expect(moment(momentOf(wall, BERLIN))).toBe("2026-10-25T00:30:00.000Z");
  const skipped = momentOf(Date.UTC(2026, 2, 29, 2, 30), BERLIN);
  expect(wallClock(skipped, BERLIN)).toBe(Date.UTC(2026, 2, 29, 3, 30));
});

it("takes UTC for a zone that it does not know", () => {
  expect(wallClock(0, "Mars/Olympus")).toBe(0);
  expect(wallClock(0, "")).toBe(0);
});

it("gives nothing by hours until the device has told its time zone", () => {
  const weekly = create(TermsSchema, { schedule: { intervals: [], weekdays: [1] } });
  expect(accessAt(weekly, "", 0)).toEqual({ state: "zone-unknown" });
  expect(accessAt(create(TermsSchema), "", 0)).toEqual({ state: "open" });
});

it("says nothing of hours in a zone that it does not know", () => {
  const weekly = create(TermsSchema, {
    schedule: { intervals: [], weekdays: [1, 2, 3, 4, 5, 6, 7] },
  });
  expect(accessAt(weekly, "Mars/Olympus", 0)).toEqual({ state: "unclear" });
  expect(accessAt(create(TermsSchema), "Mars/Olympus", 0)).toEqual({ state: "open" });
  for (const zone of ["UTC", "Etc/UTC", BERLIN]) {
    expect(accessAt(weekly, zone, 0).state).toBe("open");
  }
});

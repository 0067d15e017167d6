// Hours of a share that are right for the moment at which a test runs: the cloud's clock is real.

const MINUTES_OF_DAY = 1440;
const WORKDAYS = [1, 2, 3, 4, 5];

/** All around the world, with no gap between two of them that is longer than the time below. */
const ZONES = [
  "Pacific/Honolulu",
  "America/Los_Angeles",
  "America/New_York",
  "America/Sao_Paulo",
  "Europe/Berlin",
  "Asia/Dubai",
  "Asia/Bangkok",
  "Asia/Tokyo",
  "Pacific/Auckland",
];

/** Within the first interval of the example, 10:00 to 17:59, with time to spare for the journeys. */
const OPEN = { from: 10 * 60 + 5, to: 17 * 60 };

/**
 * A zone by whose clock the example's hours are open now, and five weekdays in a row that hold its
 * today: Monday to Friday, unless it is Saturday or Sunday wherever the hours are open.
 */
export function openNow() {
  const open = ZONES.filter((zone) => {
    const minute = minuteOfDay(zone);
    return minute >= OPEN.from && minute < OPEN.to;
  });
  const zone = open.find((zone) => WORKDAYS.includes(weekday(zone))) ?? open[0];
  const today = weekday(zone);
  const last = Math.max(today, WORKDAYS.at(-1));
  return { zone, weekdays: WORKDAYS.map((day) => day - WORKDAYS.at(-1) + last) };
}

/** An interval that begins and ends so many minutes from now by the zone's clock. */
export function interval(zone, fromMinutes, toMinutes) {
  const now = minuteOfDay(zone);
  return { from: timeText(now + fromMinutes), to: timeText(now + toMinutes) };
}

/** 1 is Monday. */
function weekday(zone) {
  const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  const name = new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "short" }).format();
  return days.indexOf(name) + 1;
}

function minuteOfDay(zone) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts();
  const of = (type) => Number(parts.find((part) => part.type === type).value);
  return of("hour") * 60 + of("minute");
}

function timeText(minute) {
  const ofDay = (minute + MINUTES_OF_DAY) % MINUTES_OF_DAY;
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}`;
}

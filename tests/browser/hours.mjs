// Hours of a share that are right for the moment at which a test runs: the cloud's clock is real.

const MINUTES_OF_DAY = 1440;

/** One of them always has its night. */
const ZONES = ["Pacific/Honolulu", "America/New_York", "Europe/Berlin", "Asia/Tokyo"];

/** Between the end of the example's hours, 21:59, and their beginning, 10:00, with an hour to spare. */
const NIGHT = { from: 22 * 60, to: 9 * 60 };

/** A zone by whose clock the example's hours are over. */
export function zoneAtNight() {
  return ZONES.find((zone) => {
    const minute = minuteOfDay(zone);
    return minute >= NIGHT.from || minute < NIGHT.to;
  });
}

/** An interval that begins and ends so many minutes from now by the zone's clock. */
export function interval(zone, fromMinutes, toMinutes) {
  const now = minuteOfDay(zone);
  return { from: timeText(now + fromMinutes), to: timeText(now + toMinutes) };
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

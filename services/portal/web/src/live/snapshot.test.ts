import { expect, it } from "vitest";
import { snapshotName } from "./snapshot";

it("names files so that they sort by time and every system accepts them", () => {
  const at = new Date(2026, 0, 5, 7, 8, 9);
  expect(snapshotName("Дом / гараж", "Cam: 1?", at)).toBe(
    "Дом-гараж_Cam-1-_2026-01-05_07-08-09.jpg",
  );
});

import { expect, it } from "vitest";
import { ago } from "./ago";
import { en } from "./en";
import { plurals } from "./plural";
import { ru } from "./ru";

/** All texts of a dictionary by their path; functions with sample arguments. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, String(value(3, 2))]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
}

it("has the same texts in both languages, none of them empty", () => {
  const [english, russian] = [texts(en), texts(ru)];
  expect(russian.map(([path]) => path)).toEqual(english.map(([path]) => path));
  for (const [path, text] of [...english, ...russian]) expect(text, path).not.toBe("");
});

it("leaves nothing untranslated", () => {
  const same = texts(en).filter(([path, text]) =>
    texts(ru).some(([p, t]) => p === path && t === text),
  );
  expect(same).toEqual([]);
});

it("leaves no English words in Russian texts but names", () => {
  const names = /Sightline|Cloud|ID|QR|IP|CSV|JSON|H\.264/g;
  for (const [path, text] of texts(ru)) {
    expect(text.replace(names, ""), path).not.toMatch(/[A-Za-z]{2,}/);
  }
});

it("knows the Russian plurals", () => {
  const count = ru.devices.channels;
  expect([1, 2, 5, 11, 21, 104].map(count)).toEqual([
    "1 канал",
    "2 канала",
    "5 каналов",
    "11 каналов",
    "21 канал",
    "104 канала",
  ]);
  expect(en.devices.channels(1)).toBe("1 channel");
  expect(en.devices.channels(21)).toBe("21 channels");
});

it("falls back to the general form for a category without words", () => {
  expect(plurals("ru")(5, { other: "# с" })).toBe("5 с");
});

it("says how long ago in the largest fitting unit", () => {
  const MINUTE_MS = 60_000;
  const back = (ms: number, language: string) => ago(0, ms, language);
  expect(back(20_000, "en")).toBe("this minute");
  expect(back(59 * MINUTE_MS, "en")).toBe("59 minutes ago");
  expect(back(25 * 60 * MINUTE_MS, "en")).toBe("yesterday");
  expect(back(3 * 60 * MINUTE_MS, "ru")).toBe("3 часа назад");
  expect(ago(60_000, 0, "en")).toBe("this minute");
});

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { checkPassword, isAcceptable } from "./password";

const CASES = new URL("../../../../../crates/domain/src/password/cases.txt", import.meta.url);

it("decides the table that the server shares as it says", () => {
  const lines = readFileSync(CASES, "utf8").trimEnd().split("\n");
  const cases = lines.filter((line) => !line.startsWith("#"));
  expect(cases.length).toBeGreaterThan(20);
  for (const line of cases) {
    const tab = line.indexOf("\t");
    const [expected, password] = [line.slice(0, tab), line.slice(tab + 1)];
    const rules = checkPassword(password);
    const broken = [
      !rules.length && (password.length < 8 ? "short" : "long"),
      !rules.alphabet && "alphabet",
      !rules.mixed && "mixed",
    ].find((rule) => rule !== false);
    // Common passwords are the server's to refuse.
    expect(broken ?? "good", password).toBe(expected === "common" ? "good" : expected);
  }
});

it("accepts letters with digits or special characters, from eight characters on", () => {
  for (const password of ["abcdefg1", "ABC-defg", "1234567!", "correct-horse-7"]) {
    expect(isAcceptable(checkPassword(password)), password).toBe(true);
  }
});

it("names the rule that is broken", () => {
  expect(checkPassword("abc-def")).toEqual({ length: false, alphabet: true, mixed: true });
  expect(checkPassword("пароль-12")).toEqual({ length: true, alphabet: false, mixed: true });
  expect(checkPassword("with space")).toMatchObject({ alphabet: false });
  expect(checkPassword("abcdefgh")).toMatchObject({ mixed: false });
  expect(checkPassword("12345678")).toMatchObject({ mixed: false });
  expect(checkPassword("")).toEqual({ length: false, alphabet: false, mixed: false });
});

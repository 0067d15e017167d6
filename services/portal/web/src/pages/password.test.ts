import { expect, it } from "vitest";
import { checkPassword, isAcceptable } from "./password";

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

import { expect, it } from "vitest";
import { NewPassword } from "./new-password.svelte";

function typed(password: string, repeated: string): NewPassword {
  const chosen = new NewPassword();
  chosen.password = password;
  chosen.repeated = repeated;
  return chosen;
}

it("does not complain of a repetition that is still being typed", () => {
  expect(typed("correct-horse-7", "correct-h").differs).toBe(false);
  expect(typed("correct-horse-7", "").differs).toBe(false);
  expect(typed("correct-horse-7", "correct-horse-8").differs).toBe(true);
});

it("is accepted only when it keeps the rules and is repeated", () => {
  expect(typed("correct-horse-7", "correct-horse-7").accept()).toBe(true);
  expect(typed("abcdefgh", "abcdefgh").accept()).toBe(false);
  const unfinished = typed("correct-horse-7", "");
  expect(unfinished.accept()).toBe(false);
  expect(unfinished.differs).toBe(true);
});

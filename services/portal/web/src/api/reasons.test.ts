// Every reason that a service may refuse the portal with has words. The services' own tables of
// errors say which there are.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { en } from "../i18n/en";
import { ru } from "../i18n/ru";
import { REASONS } from "./errors";

const ROOT = new URL("../../../../../", import.meta.url);

/** Where the reasons stand that a call of the portal can come back with. */
const TABLES = [
  "crates/rpc/src/auth.rs",
  "services/identity/src/error.rs",
  "services/registry/src/error.rs",
  "services/registry/src/import.rs",
  "services/sharing/src/error.rs",
];

/** Only a mistake in the portal itself would show these to a person, or they are for other callers:
 * for those "Something went wrong" is all there is to say. */
const NOT_FOR_PEOPLE = [
  // Requests that the portal never makes.
  "INVALID_ACCOUNT_ID",
  "INVALID_DIRECTION",
  "INVALID_NOTICE",
  "INVALID_PAGE_TOKEN",
  "INVALID_PERMISSION",
  "INVALID_PURPOSE",
  "INVALID_REQUEST_ID",
  "INVALID_SEARCH",
  // Between services and edges.
  "ACCOUNT_NOT_FOUND",
  "DESCRIPTION_TOO_LARGE",
  "STALE_EPOCH",
  // The server's log has more.
  "INTERNAL",
];

function reasonsIn(path: string): string[] {
  const text = readFileSync(new URL(path, ROOT), "utf8");
  return [...text.matchAll(/(?:=>|: &str =)\s*"([A-Z]+(?:_[A-Z]+)*)"/g)].map(([, name]) => name!);
}

const told = new Set(TABLES.flatMap(reasonsIn));

it("finds reasons in each table", () => {
  for (const path of TABLES) expect(reasonsIn(path), path).not.toEqual([]);
});

it("has words in both languages for every reason that a person may meet", () => {
  const known: readonly string[] = [...REASONS, ...NOT_FOR_PEOPLE];
  expect([...told].filter((reason) => !known.includes(reason))).toEqual([]);
  for (const reason of REASONS) {
    expect(en.errors[reason], reason).toMatch(/\.$/);
    expect(ru.errors[reason], reason).toMatch(/\.$/);
  }
});

it("keeps no reason that no service tells any more", () => {
  const kept = [...REASONS, ...NOT_FOR_PEOPLE].filter((reason) => !told.has(reason));
  expect(kept).toEqual([]);
});

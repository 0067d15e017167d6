// A file of many devices to add: read here to show what it holds and to try failed lines again; the
// server reads the same text for itself.

/** The same bounds as the server's. */
export const FILE_MAX_BYTES = 48 * 1024;
export const DEVICES_MAX = 500;

export const COLUMNS = ["cloud_id", "name", "verification_code", "user_name", "password"] as const;
type Column = (typeof COLUMNS)[number];
export type Entry = Partial<Record<Column, string>>;

export type FileProblem = "tooLarge" | "tooMany" | "empty" | "json" | "heading";

/** Of the file for CSV, of the list for JSON; 1 is the first. */
export type Lines = ReadonlyMap<number, Entry>;

export type Parsed = { lines: Lines } | { problem: FileProblem };

export type Import = { case: "csv" | "json"; value: string };

export function parseFile(text: string): Parsed {
  if (new TextEncoder().encode(text).length > FILE_MAX_BYTES) return { problem: "tooLarge" };
  const parsed = isJson(text) ? parseJson(text) : parseCsv(text);
  if ("problem" in parsed) return parsed;
  if (parsed.lines.size === 0) return { problem: "empty" };
  if (parsed.lines.size > DEVICES_MAX) return { problem: "tooMany" };
  return parsed;
}

/** What is sent of a whole file. */
export function wholeFile(text: string): Import {
  return { case: isJson(text) ? "json" : "csv", value: text };
}

/** What is sent of some entries alone; the server counts them from 1. */
export function someEntries(entries: readonly Entry[]): Import {
  return { case: "json", value: JSON.stringify(entries) };
}

function isJson(text: string): boolean {
  return /^[\s\uFEFF]*[[{]/.test(text);
}

function parseJson(text: string): Parsed {
  let list: unknown;
  try {
    list = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return { problem: "json" };
  }
  if (!Array.isArray(list)) return { problem: "json" };
  const entries = list.map((item: unknown) => {
    const fields = typeof item === "object" && item !== null ? Object.entries(item) : [];
    return entryOf(fields.map(([name, value]) => [name, typeof value === "string" ? value : ""]));
  });
  return { lines: new Map(entries.map((entry, at) => [at + 1, entry])) };
}

function parseCsv(text: string): Parsed {
  const [heading, ...records] = recordsOf(text.replace(/^\uFEFF/, ""));
  if (heading === undefined) return { problem: "empty" };
  const names = heading.fields.map((name) => name.trim().toLowerCase());
  const has = (...columns: Column[]) => columns.every((column) => names.includes(column));
  const hasProof = has("verification_code") || has("user_name", "password");
  if (!has("cloud_id", "name") || !hasProof) return { problem: "heading" };
  const entry = (fields: string[]) => entryOf(names.map((name, at) => [name, fields[at] ?? ""]));
  return { lines: new Map(records.map(({ line, fields }) => [line, entry(fields)])) };
}

function entryOf(fields: [string, string][]): Entry {
  const known = fields.filter(([name]) => (COLUMNS as readonly string[]).includes(name));
  return Object.fromEntries(known.filter(([, value]) => value !== ""));
}

interface CsvRecord {
  /** On which it begins. */
  line: number;
  fields: string[];
}

/** Records by RFC 4180, divided by what divides the heading; lines without text are none. */
function recordsOf(text: string): CsvRecord[] {
  const heading = text.split(/\r?\n/).find((line) => line.trim() !== "") ?? "";
  const divider = heading.split(";").length > heading.split(",").length ? ";" : ",";
  const token = new RegExp(
    `"((?:[^"]|"")*)"|(\\r\\n|\\n|\\r)|${divider}|[^${divider}\\r\\n"]+|"`,
    "g",
  );
  const records: CsvRecord[] = [];
  let record: CsvRecord = { line: 1, fields: [""] };
  let line = 1;
  const close = () => {
    if (record.fields.some((field) => field.trim() !== "")) records.push(record);
  };
  for (const [all, quoted, end] of text.matchAll(token)) {
    if (end !== undefined) {
      close();
      record = { line: ++line, fields: [""] };
    } else if (all === divider) {
      record.fields.push("");
    } else {
      record.fields[record.fields.length - 1] += quoted?.replaceAll('""', '"') ?? all;
      line += (quoted?.match(/\r\n|\n|\r/g) ?? []).length;
    }
  }
  close();
  return records;
}

import { expect, it } from "vitest";
import { parseFile, someEntries, wholeFile } from "./import";

const entries = (text: string) => {
  const parsed = parseFile(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return [...parsed.lines];
};

it("reads a CSV file by its heading, and counts the lines of the file", () => {
  const text = "\uFEFFCloud_ID,Name,verification_code\r\nA-1,Shop,C1\r\n\r\nA-2,Yard,C2";
  expect(entries(text)).toEqual([
    [2, { cloud_id: "A-1", name: "Shop", verification_code: "C1" }],
    [4, { cloud_id: "A-2", name: "Yard", verification_code: "C2" }],
  ]);
});

it("takes semicolons, quotes and line breaks inside of them", () => {
  const text =
    'cloud_id;name;user_name;password\nA-1;"The ""big""\nshop; 1";admin;"p;w"\nA-2;Yard;admin;x\n';
  expect(entries(text)).toEqual([
    [2, { cloud_id: "A-1", name: 'The "big"\nshop; 1', user_name: "admin", password: "p;w" }],
    [4, { cloud_id: "A-2", name: "Yard", user_name: "admin", password: "x" }],
  ]);
});

it("reads a JSON list, and counts its items", () => {
  const text = ' [{"cloud_id":"A-1","name":"Shop","other":1},7]';
  expect(entries(text)).toEqual([
    [1, { cloud_id: "A-1", name: "Shop" }],
    [2, {}],
  ]);
});

it("says what is wrong with a file that holds no devices", () => {
  const line = "A-1,Shop,C1\n";
  const problem = (text: string) => parseFile(text);
  expect(problem("")).toEqual({ problem: "empty" });
  expect(problem("cloud_id,name,verification_code\n\n")).toEqual({ problem: "empty" });
  expect(problem("[]")).toEqual({ problem: "empty" });
  expect(problem("[{")).toEqual({ problem: "json" });
  expect(problem("{}")).toEqual({ problem: "json" });
  expect(problem(line)).toEqual({ problem: "heading" });
  expect(problem("cloud_id,name,user_name\n" + line)).toEqual({ problem: "heading" });
  expect(problem("cloud_id,name,verification_code\n" + line.repeat(501))).toEqual({
    problem: "tooMany",
  });
  expect(problem("x".repeat(48 * 1024 + 1))).toEqual({ problem: "tooLarge" });
});

it("sends a file as it is, and failed lines as a list of their own", () => {
  expect(wholeFile("cloud_id\nA").case).toBe("csv");
  expect(wholeFile("\n[]").case).toBe("json");
  const some = someEntries([{ cloud_id: "A-1", name: '"' }]);
  expect(entries(some.value)).toEqual([[1, { cloud_id: "A-1", name: '"' }]]);
});

import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { parseFile } from "./import";
import { Importing } from "./importing.svelte";

const TEXT = "cloud_id,name,verification_code\nA-1,Shop,C1\n\nA-2,Yard,C2\nA-3,Gate,C3\n";

type Answer = { line: number; reason: string } | ConnectError;

/** An import of the file above; each call of the server gives the next list of answers. */
function importing(...answers: Answer[][]) {
  const asked: { case: string; value: string }[] = [];
  const registry = {
    async *importDevices({ file }: { file: { case: string; value: string } }) {
      asked.push(file);
      for (const answer of answers.shift() ?? []) {
        if (answer instanceof ConnectError) throw answer;
        yield answer;
      }
    },
  };
  const parsed = parseFile(TEXT);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return { run: new Importing(registry as never, TEXT, parsed.lines), asked };
}

const outcome = (run: Importing) => run.results.map(({ line, reason }) => [line, reason]);

it("tells of each line of the file what it came to", async () => {
  const { run, asked } = importing([
    { line: 2, reason: "" },
    { line: 4, reason: "DEVICE_OFFLINE" },
    { line: 5, reason: "" },
  ]);
  await run.start();
  expect(asked).toEqual([{ case: "csv", value: TEXT }]);
  expect(outcome(run)).toEqual([
    [2, ""],
    [4, "DEVICE_OFFLINE"],
    [5, ""],
  ]);
  expect([run.added, run.failed.length]).toEqual([2, 1]);
});

it("tries again only what failed, and puts the answers to the lines of the file", async () => {
  const { run, asked } = importing(
    [
      { line: 2, reason: "WRONG_VERIFICATION_CODE" },
      { line: 4, reason: "" },
      { line: 5, reason: "DEVICE_OFFLINE" },
    ],
    [
      { line: 1, reason: "WRONG_VERIFICATION_CODE" },
      { line: 2, reason: "" },
    ],
  );
  await run.start();
  await run.retry();
  expect(JSON.parse(asked[1]!.value)).toEqual([
    { cloud_id: "A-1", name: "Shop", verification_code: "C1" },
    { cloud_id: "A-3", name: "Gate", verification_code: "C3" },
  ]);
  expect(outcome(run)).toEqual([
    [2, "WRONG_VERIFICATION_CODE"],
    [4, ""],
    [5, ""],
  ]);
});

it("keeps what was told before a cut, and says why it ended", async () => {
  const { run } = importing([{ line: 2, reason: "" }, new ConnectError("", Code.Unavailable)]);
  await run.start();
  expect(run.refusal).toEqual({ reason: "UNAVAILABLE" });
  expect(run.answered).toBe(1);
  expect(run.running).toBe(false);
});

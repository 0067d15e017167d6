// What the operator of the cloud under test does on its machine.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { settings } from "./settings.mjs";

/** Announces that the device will be taken out of its account. */
export async function announceUnbind(cloudId, reason) {
  const output = await readFile(settings.output, "utf8");
  const data = output.match(/^ *Data +(\S.*)$/m)[1];
  await promisify(execFile)(join(settings.programs, "sightline"), [
    "admin",
    "--data-dir",
    join(data, "cloud"),
    "unbind",
    cloudId,
    "--reason",
    reason,
  ]);
}

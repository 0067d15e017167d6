// Mail of the cloud under test, which it prints instead of sending.

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { settings } from "./settings.mjs";

/** How long a mail may take to get to the server's output, and how often to look. */
const MAIL_TIMEOUT_MS = 10_000;
const MAIL_LOOK_MS = 100;

/** The last code that was mailed to the address. */
export async function mailedCode(email) {
  for (const until = Date.now() + MAIL_TIMEOUT_MS; Date.now() < until; ) {
    const output = await readFile(settings.output, "utf8");
    const mail = output.slice(output.lastIndexOf(email) + email.length);
    const code = output.includes(email) ? mail.match(/\b\d{8}\b/) : null;
    if (code !== null) return code[0];
    await pause(MAIL_LOOK_MS);
  }
  throw new Error(`no code for ${email} in ${settings.output}`);
}

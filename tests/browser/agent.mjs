// A recorder of our own beside the cloud: `sightline-agent`.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { settings } from "./settings.mjs";

/** Longest time until a started agent is connected, and how often to ask. */
const CONNECT_TIMEOUT_MS = 20_000;
const ASK_MS = 200;

/** Why no agent can be run, if so. */
export function whyNoAgent() {
  return settings.programs && settings.output
    ? undefined
    : "SIGHTLINE_BIN_DIR and SIGHTLINE_OUTPUT are not set";
}

/**
 * Runs `use` with an agent that is connected to the cloud and has no owner yet. Its clock is that of
 * `zone`, an IANA name, or of this machine. Its cameras are `cameras`, each with a name and the RTSP
 * addresses `main` and, if it has one, `sub`; without them it has its four demo cameras.
 */
export async function withAgent(use, { zone, cameras } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "sightline-browser-"));
  const agent = new Agent(dataDir, await readFile(settings.output, "utf8"), zone);
  try {
    await agent.configure(cameras);
    await agent.start();
    await use(agent);
  } finally {
    await agent.kill();
    await rm(dataDir, { recursive: true });
  }
}

class Agent {
  #program = join(settings.programs, "sightline-agent");
  #dataDir;
  #arguments;
  #environment;
  #process;
  cloudId;
  code;

  constructor(dataDir, demoOutput, zone) {
    const port = demoOutput.match(/^ *Devices +port (\d+)$/m)[1];
    const authority = demoOutput.match(/^ *Authority +(\S+)$/m)[1];
    const cloud = ["--cloud", `localhost:${port}`, "--ca", authority];
    this.#dataDir = dataDir;
    this.#arguments = ["run", ...cloud, "--data-dir", dataDir];
    this.#environment = zone === undefined ? process.env : { ...process.env, TZ: zone };
  }

  async configure(cameras) {
    if (cameras === undefined) return this.#arguments.push("--demo");
    const path = join(this.#dataDir, "agent.toml");
    // A text of JSON is one of TOML too.
    const fields = (camera) =>
      Object.entries(camera).map(([k, v]) => `${k} = ${JSON.stringify(v)}`);
    const tables = cameras.map((camera) => ["[[camera]]", ...fields(camera), ""].join("\n"));
    await writeFile(path, tables.join("\n"));
    this.#arguments.push("--config", path);
  }

  /** Starts, and waits until the cloud has taken the connection. */
  async start() {
    this.#process = spawn(this.#program, this.#arguments, {
      stdio: "ignore",
      env: this.#environment,
    });
    const status = () => promisify(execFile)(this.#program, ["status", "--data-dir", this.#dataDir]);
    for (const until = Date.now() + CONNECT_TIMEOUT_MS; Date.now() < until; await pause(ASK_MS)) {
      const { stdout = "" } = await status().catch(() => ({}));
      if (!/^State +Connected/m.test(stdout)) continue;
      this.cloudId = stdout.match(/^Cloud ID +(\S+)$/m)[1];
      this.code = stdout.match(/^Verification code +(\S+)$/m)[1];
      return;
    }
    throw new Error("the agent did not connect");
  }

  /** The user with administrator's rights that a demo device makes for itself. */
  async administrator() {
    const password = await readFile(join(this.#dataDir, "demo-password"), "utf8");
    return { name: "admin", password: password.trim() };
  }

  /** As a power cut does. */
  async kill() {
    if (this.#process === undefined || this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    if (this.#process.kill("SIGKILL")) await ended;
    this.#process = undefined;
  }
}

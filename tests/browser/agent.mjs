// Recorders of our own beside the cloud: `sightline-agent` with its built-in demo cameras, with real
// ones, or with cameras that do not answer.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { settings } from "./settings.mjs";
import { ThinUplink } from "./thin-uplink.mjs";

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
  const agent = new Agent(dataDir, await cloudOf(settings.output), [], zone);
  try {
    await agent.configure(cameras);
    await agent.start();
    await use(agent);
  } finally {
    await agent.kill();
    await rm(dataDir, { recursive: true });
  }
}

/** Nobody listens there. */
const NO_CAMERA = "rtsp://127.0.0.1:9/";

/**
 * Runs `use` with recorders of two cameras each that do not answer, which is little work for the
 * machine. The link of the last one carries less than a recorder needs.
 */
export async function withQuietAgents(count, use) {
  const cloud = await cloudOf(settings.output);
  const link = await ThinUplink.open(cloud.port);
  const folder = await mkdtemp(join(tmpdir(), "sightline-browser-"));
  const cameras = ["--rtsp", NO_CAMERA, "--rtsp", NO_CAMERA];
  const agents = Array.from({ length: count }, (_, at) => {
    const port = at === count - 1 ? link.port : cloud.port;
    return new Agent(join(folder, String(at)), { ...cloud, port }, cameras);
  });
  try {
    await Promise.all(agents.map((agent) => agent.start()));
    await use(agents);
  } finally {
    await Promise.all(agents.map((agent) => agent.kill()));
    await link.close();
    await rm(folder, { recursive: true });
  }
}

/** What the demo prints of its port for devices and its authority. */
async function cloudOf(output) {
  const text = await readFile(output, "utf8");
  return {
    port: Number(text.match(/^ *Devices +port (\d+)$/m)[1]),
    authority: text.match(/^ *Authority +(\S+)$/m)[1],
  };
}

class Agent {
  #program = join(settings.programs, "sightline-agent");
  #dataDir;
  #arguments;
  #environment;
  #process;
  cloudId;
  code;

  constructor(dataDir, { port, authority }, cameras, zone) {
    const cloud = ["--cloud", `localhost:${port}`, "--ca", authority];
    this.#dataDir = dataDir;
    this.#arguments = ["run", ...cloud, "--data-dir", dataDir, ...cameras];
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

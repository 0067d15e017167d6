// Real RTSP cameras: the simulator on gst-rtsp-server, in a process of its own.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withAgent } from "./agent.mjs";
import { inBrowser, signIn } from "./browser.mjs";

const SIMULATOR = fileURLToPath(new URL("../cameras/rtspd.py", import.meta.url));

/** Debian's own python: another one does not see Debian's GStreamer bindings. */
const PYTHON = "/usr/bin/python3";

/** What the cameras with sound send, hertz. */
export const TONE_HZ = 1000;

/** Runs `use` with a function that gives the address of a mount of the simulator. */
export async function withCameras(use, options = []) {
  const simulator = spawn(PYTHON, [SIMULATOR, "--tone", String(TONE_HZ), ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(simulator, "exit");
  try {
    const lines = createInterface(simulator.stdout);
    const [line] = await Promise.race([once(lines, "line"), once(lines, "close")]);
    const port = line?.match(/^port (\d+)$/)?.[1];
    if (port === undefined) throw new Error(`the camera simulator said ${line}`);
    const early = ended.then(([code, signal]) => {
      throw new Error(`the camera simulator ended with ${signal ?? code} while it was watched`);
    });
    await Promise.race([use((mount) => `rtsp://127.0.0.1:${port}/${mount}`), early]);
  } finally {
    // It ends when its standard input does.
    simulator.stdin.end();
    await ended;
  }
}

/**
 * Journey of the demo's account with a recorder of its own. `cameras` makes the recorder's cameras
 * from a function that gives addresses; the journey gets the page, the recorder and that function.
 */
export function withRecorder({ cameras, simulator, ...browser }, journey) {
  return withCameras(
    (address) =>
      withAgent(
        (agent) =>
          inBrowser(browser, async (page, context) => {
            await signIn(page, `/#/claim?id=${agent.cloudId}&code=${agent.code}`, browser);
            await page.waitForSelector('[data-page=claim][data-step="2"]');
            await page.click("[type=submit]");
            await page.waitForSelector("[data-page=device] [data-tile]");
            await journey(page, { agent, context });
          }),
        { cameras: cameras(address) },
      ),
    simulator,
  );
}

/** Makes a film in which a white flash and a beep begin together every two seconds. */
export async function withFlashes(sound, use) {
  const folder = await mkdtemp(join(tmpdir(), "sightline-clip-"));
  const path = join(folder, "flashes.mov");
  const on = "lt(mod(t,2),0.3)";
  const codecs = {
    aac: ["-c:a", "aac", "-ar", "48000"],
    pcmu: ["-c:a", "pcm_mulaw", "-ar", "8000"],
  };
  try {
    await promisify(execFile)("ffmpeg", [
      ...["-v", "error", "-f", "lavfi", "-i", "color=black:size=320x180:rate=25:duration=90"],
      ...["-f", "lavfi", "-i", `aevalsrc='0.5*sin(2*PI*${TONE_HZ}*t)*${on}':s=48000:d=90`],
      ...["-vf", `drawbox=color=white:t=fill:enable='${on}'`, "-pix_fmt", "yuv420p"],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25"],
      ...[...codecs[sound], "-ac", "1", path],
    ]);
    await use(["--clip", path, "--codecs", `h264+${sound}`]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

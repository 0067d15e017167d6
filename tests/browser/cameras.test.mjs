// Watching real cameras: their pictures and their sound.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoAgent } from "./agent.mjs";
import { largeView, warmFirstPictures } from "./browser.mjs";
import { TONE_HZ, withFlashes, withRecorder } from "./cameras.mjs";
import { countChanges, median } from "./pictures.mjs";
import { attachMeter, beepsAfterFlashes, measure } from "./sound.mjs";

/** What nobody hears, and what somebody does: root mean square of samples from -1 to 1. The tone of
 * the cameras has 0.57. */
const SILENT = 0.001;
const LOUD = 0.3;

/** Farthest that the loudest frequency may be from the tone: two steps of the spectrum. */
const OFF_TONE_HZ = 25;

const one = (mount) => (address) => [{ name: "Door", main: address(mount) }];

function progress(video) {
  return video.evaluate((element) => ({
    time: element.currentTime,
    pictures: element.getVideoPlaybackQuality().totalVideoFrames,
    sound: element.webkitAudioDecodedByteCount,
    // Chromium counts as buffered only where picture and sound both are.
    end: element.buffered.length && element.buffered.end(element.buffered.length - 1),
  }));
}

describe("real cameras", { skip: whyNoAgent() ?? false }, () => {
  for (const [mount, codecs] of [
    ["h264aac", /^avc1\.[^,]+,mp4a\.40\.2$/],
    ["h264pcmu", /^avc1\.[^,]+,flac$/i],
    ["h264pcma", /^avc1\.[^,]+,flac$/i],
  ]) {
    test(`the picture of /${mount} moves and its tone is heard`, async () => {
      await withRecorder({ cameras: one(mount) }, async (page) => {
        const said = [];
        page.on("websocket", (socket) =>
          socket.on("framereceived", ({ payload }) => {
            if (typeof payload === "string" && payload.includes("codecs")) said.push(payload);
          }),
        );
        await largeView(page, 1);
        assert.match(JSON.parse(said.at(-1)).codecs, codecs);

        const video = await page.$("[data-page=channel] video");
        await attachMeter(video);
        const before = await progress(video);
        const { changes, frames } = await countChanges(video);
        assert.ok(changes >= frames / 2, `${changes} of ${frames} frames moved`);
        const heard = await measure(video);
        const after = await progress(video);
        assert.ok(after.pictures > before.pictures, "no more pictures were decoded");
        assert.ok(after.sound > before.sound, "no more sound was decoded");
        assert.ok(after.time > before.time + 0.5, `from ${before.time} to ${after.time} s`);
        assert.ok(after.end > after.time, "sound or picture is missing at the live edge");

        assert.ok(heard.level > LOUD, `level ${heard.level}`);
        assert.ok(Math.abs(heard.frequency - TONE_HZ) <= OFF_TONE_HZ, `${heard.frequency} Hz`);
        await page.click("[data-tool=sound]");
        const muted = await measure(video);
        assert.ok(muted.level < SILENT, `level ${muted.level} after muting`);
        await page.click("[data-tool=sound]");
        assert.ok(
          (await measure(video)).level > LOUD,
          "nothing is heard after turning it on again",
        );
      });
    });
  }

  test("a camera without sound is silent, and offers no sound", async () => {
    await withRecorder({ cameras: one("h264") }, async (page) => {
      await largeView(page, 1);
      const video = await page.$("[data-page=channel] video");
      await attachMeter(video);
      assert.ok((await measure(video)).level < SILENT);
      assert.equal(await page.$("[data-tool=sound]"), null);
    });
  });

  for (const sound of ["aac", "pcmu"]) {
    test(`a flash and a beep come together (${sound})`, async () => {
      await withFlashes(sound, (simulator) =>
        withRecorder({ cameras: one("clip"), simulator }, async (page) => {
          await largeView(page, 1);
          const video = await page.$("[data-page=channel] video");
          await attachMeter(video);
          const delays = (await beepsAfterFlashes(video, 6)).map(Math.round);
          console.log(`beeps after flashes (${sound}), ms: ${delays.join(" ")}`);
          assert.ok(Math.abs(median(delays)) < 150, `${delays.join(" ")} ms`);
        }),
      );
    });
  }

  test("the first picture of a real camera comes within 500 ms of the click", async () => {
    await withRecorder({ cameras: one("h264aac") }, async (page) => {
      const warm = await warmFirstPictures(page, 1);
      assert.equal(warm.length, 5);
      // On a machine that does other things meanwhile one of five may take longer.
      assert.ok(median(warm) <= 500, `median ${median(warm)} ms of ${warm.join(" ")}`);
      assert.ok(Math.max(...warm) <= 1_000, `${warm.join(" ")} ms`);
    });
  });
});

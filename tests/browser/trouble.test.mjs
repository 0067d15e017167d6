// What a person is told of a picture that cannot be shown as it is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoAgent } from "./agent.mjs";
import { fitsWidth, largeView, PHONE, shoot } from "./browser.mjs";
import { withRecorder } from "./cameras.mjs";
import { countChanges } from "./pictures.mjs";
import { settings } from "./settings.mjs";
import { withSlowLink } from "./slow-link.mjs";
import { WORDS } from "./words.mjs";

/** A recorder on which not everything can be played here: Debian's Chromium has no H.265. */
const mixed = (address) => [
  { name: "Door", main: address("h264") },
  { name: "Gate", main: address("h265") },
  { name: "Yard", main: address("h265"), sub: address("h264aac") },
];

/** Less than half of what the camera sends, and enough for the portal itself. */
const THIN_BYTES_PER_S = 100_000;

async function words(page, selector) {
  return (await page.textContent(selector)).trim();
}

describe("trouble", { skip: whyNoAgent() ?? false }, () => {
  for (const language of ["en-US", "ru-RU"]) {
    test(`a codec that the browser lacks is named, and the other tiles play (${language})`, async () => {
      await withRecorder({ cameras: mixed, language }, async (page) => {
        const said = WORDS[language];
        await page.waitForSelector('[data-tile="2"] [data-state=unsupported]');
        assert.equal(await words(page, '[data-tile="2"] .words'), said.unsupported);
        assert.equal(await words(page, '[data-tile="2"] .hint'), said.unsupportedHint);
        for (const channel of [1, 3]) {
          await page.waitForSelector(`[data-tile="${channel}"] [data-state=playing]`);
          const { changes } = await countChanges(await page.$(`[data-tile="${channel}"] video`));
          assert.ok(changes > 0, `tile ${channel} stands still`);
        }
        await shoot(page, `unsupported-wall-${language}`);

        await page.click('[data-tile="2"]');
        await page.waitForSelector("[data-page=channel] [data-state=unsupported]");
        assert.equal(await words(page, "[data-page=channel] .words"), said.unsupported);
        await shoot(page, `unsupported-${language}`);
        await page.setViewportSize(PHONE);
        assert.ok(await fitsWidth(page));
        await shoot(page, `unsupported-phone-${language}`);
      });
    });

    test(`the small picture stands in for a main one in such a codec (${language})`, async () => {
      await withRecorder({ cameras: mixed, language }, async (page) => {
        await largeView(page, 3);
        assert.equal(await words(page, "[data-substituted]"), WORDS[language].substituted);
        const { changes } = await countChanges(await page.$("[data-page=channel] video"));
        assert.ok(changes > 0);
        assert.ok(await page.$("[data-tool=sound]"), "its sound is not offered");
        await shoot(page, `substituted-${language}`);
      });
    });

    test(`a slow connection skips pictures, says how many, and recovers (${language})`, async () => {
      const cameras = (address) => [{ name: "Lane", main: address("noise") }];
      await withSlowLink((link) =>
        withRecorder({ cameras, language, url: link.url }, async (page) => {
          assert.notEqual(link.url, settings.url);
          await largeView(page, 1);
          assert.equal(await page.$("[data-lost]"), null);
          link.limit(THIN_BYTES_PER_S);
          await page.waitForSelector("[data-page=channel] [data-lost]");
          const lost = await page.getAttribute("[data-lost]", "data-lost");
          assert.ok(Number(lost) > 0);
          assert.match(await words(page, "[data-lost]"), WORDS[language].skipped);
          await shoot(page, `skipped-${language}`);
          await page.setViewportSize(PHONE);
          await shoot(page, `skipped-phone-${language}`);

          link.limit(Infinity);
          await page.waitForFunction(() => {
            const { state, behindMs } = document.querySelector("[data-channel]").dataset;
            const isTold = document.querySelector("[data-lost]") !== null;
            return state === "playing" && Number(behindMs) < 500 && !isTold;
          });
          const { changes } = await countChanges(await page.$("[data-page=channel] video"));
          assert.ok(changes > 0);
        }),
      );
    });
  }

  test("a sound that is announced and never sent does not hold the picture up", async () => {
    const cameras = (address) => [{ name: "Hall", main: address("unheard") }];
    await withRecorder({ cameras }, async (page) => {
      await page.waitForSelector('[data-tile="1"] [data-state=playing]');
      await largeView(page, 1);
      const { changes, frames } = await countChanges(await page.$("[data-page=channel] video"));
      assert.ok(changes >= frames / 2, `${changes} of ${frames} frames moved`);
      assert.equal(await page.$("[data-tool=sound]"), null, "a sound is offered that is not there");
    });
  });

  test("a sound that ends leaves the picture moving", async () => {
    const cameras = (address) => [{ name: "Hall", main: address("hushed") }];
    await withRecorder({ cameras }, async (page) => {
      await largeView(page, 1);
      await page.waitForSelector("[data-tool=sound]");
      await page.waitForSelector("[data-tool=sound]", { state: "detached" });
      await page.waitForSelector("[data-page=channel] [data-state=playing]");
      const { changes, frames } = await countChanges(await page.$("[data-page=channel] video"));
      assert.ok(changes >= frames / 2, `${changes} of ${frames} frames moved`);
    });
  });
});

// Adding a device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNoAgent, withAgent } from "./agent.mjs";
import { inBrowser, shoot, signIn } from "./browser.mjs";
import { findDevice } from "./people.mjs";
import { settings } from "./settings.mjs";

test("a cloud ID with a typing mistake is told from a device that is mine already", async () => {
  await inBrowser({}, async (page) => {
    await signIn(page);
    await page.goto(`${settings.url}/#/claim`);
    const submitId = async (id) => {
      await page.fill("[name=cloud-id]", id);
      await page.click("[type=submit]");
      return (await page.textContent("[role=alert]")).trim();
    };
    // The check symbol catches every single wrong symbol.
    const wrong = settings.cloudId.startsWith("2") ? "3" : "2";
    assert.match(await submitId(wrong + settings.cloudId.slice(1)), /typing mistake/);
    await page.fill("[name=cloud-id]", "");
    assert.match(await submitId(settings.cloudId), /in your account already/);
    await shoot(page, "claim");
  });
});

test("what the QR code says survives signing in, and its secret leaves the address", async () => {
  await inBrowser({}, async (page) => {
    await signIn(page, `/#/claim?id=${settings.cloudId}&code=ABCD-EFGH`);
    await page.waitForSelector("[data-page=claim]");
    assert.equal(await page.inputValue("[name=cloud-id]"), settings.cloudId);
    assert.doesNotMatch(page.url(), /ABCD/);
    await page.goBack();
    assert.doesNotMatch(page.url(), /ABCD/);
  });
});

test("a device is added by its administrator, and its light follows its connection", async (t) => {
  if (whyNoAgent()) return t.skip(whyNoAgent());
  await withAgent((agent) =>
    inBrowser({}, async (page) => {
      const { name, password } = await agent.administrator();
      await signIn(page);
      await findDevice(page, { cloudId: agent.cloudId, name: "Workshop" });
      await page.click("[data-test=other-proof]");
      await page.fill("[name=device-user]", name);
      await page.fill("[name=device-password]", "not-the-password-1");
      await page.click("[type=submit]");
      assert.match(await page.textContent("[role=alert]"), /does not know this user name/);
      await shoot(page, "claim-by-administrator");
      await page.fill("[name=device-password]", password);
      await page.click("[type=submit]");
      await page.waitForSelector("[data-page=device] h1 >> text=Workshop");

      await page.click("header a");
      const light = (status) =>
        page.waitForSelector(`[data-device="${agent.cloudId}"] [data-status=${status}]`);
      await light("online");
      await agent.kill();
      await light("offline");
      await shoot(page, "devices-offline");
      await agent.start();
      await light("online");
    }),
  );
});

test("the link of the QR code leads to the moving pictures of the device", async (t) => {
  if (whyNoAgent()) return t.skip(whyNoAgent());
  await withAgent((agent) =>
    inBrowser({ language: "ru-RU" }, async (page) => {
      await signIn(page, `/#/claim?id=${agent.cloudId}&code=${agent.code}`);
      await page.waitForSelector('[data-page=claim][data-step="2"]');
      assert.equal(await page.inputValue("[name=verification-code]"), agent.code);
      await page.click("[type=submit]");
      await page.waitForSelector('[data-tile="1"] [data-state=playing]');
      await agent.kill();
      await page.waitForSelector('[data-tile="1"] [data-state=offline-device]');
      await shoot(page, "wall-offline");
      await agent.start();
      await page.waitForSelector('[data-tile="1"] [data-state=playing]');
    }),
  );
});

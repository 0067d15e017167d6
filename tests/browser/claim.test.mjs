// Adding a device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inBrowser, shoot, signIn } from "./browser.mjs";
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

// Offers and what becomes of them: put off, declined, accepted, widened, given back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsWidth, PHONE, shoot, signIn, withBrowser } from "./browser.mjs";
import { openSection, register, signOut, somebody } from "./people.mjs";
import { settings } from "./settings.mjs";
import * as shareWindow from "./share-window.mjs";

const DESKTOP = { width: 1280, height: 800 };
const DEVICE = `[data-device="${settings.cloudId}"]`;

test("an offer waits, is put off, declined, made again, widened and given back", async (t) => {
  if (!settings.output) return t.skip("SIGHTLINE_OUTPUT is not set");
  await withBrowser({ language: "ru-RU", viewport: DESKTOP }, async (open) => {
    const [owner, guest] = await Promise.all([open(), open()]);
    const person = somebody("neighbour");
    await signIn(owner);
    await waitForAddress(owner, guest, person);
    await putOffAndDecline(owner, guest, person);
    await acceptPart(owner, guest, person);
    await widen(owner, guest, person);
    await giveBack(owner, guest, person);
  });
});

/** Nobody has this address yet: the offer is there when its owner signs in for the first time. */
async function waitForAddress(owner, guest, person) {
  await shareWindow.offer(owner, settings.cloudId, person.email);
  await stateOf(owner, person, "offered");
  await owner.keyboard.press("Escape");
  await register(guest, person);
  await guest.waitForSelector("[data-offer]");
}

/** What is put off waits in its section, and is shown again at the next sign-in. */
async function putOffAndDecline(owner, guest, person) {
  await guest.click("[data-offer] [data-action=later]");
  await guest.waitForSelector("[data-offer]", { state: "detached" });
  await openSection(guest, "shared");
  await guest.waitForSelector("[data-page=shared] [data-offer]");
  await look(guest, "offer-put-off");
  assert.equal(await guest.$("[data-offer] [data-action=later]"), null);
  await signOut(guest);
  await signIn(guest, "/", person);
  await guest.waitForSelector("[data-page=devices]");
  await guest.click("[data-offer] [data-action=decline]");
  await guest.waitForSelector("[data-offer]", { state: "detached" });
  await owner.click(`${DEVICE} [data-action=share]`);
  await stateOf(owner, person, "declined");
  await shoot(owner, "share-declined");
  await owner.keyboard.press("Escape");
}

/** Two channels and notifications, to the end of a day; there is no archive to look at. */
async function acceptPart(owner, guest, person) {
  const tomorrow = new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 10);
  await shareWindow.offer(owner, settings.cloudId, person.email, async () => {
    assert.ok(await owner.isDisabled("[name=archive]"), "an archive without storage");
    await owner.check("[name=notifications]");
    await owner.check("[name=ends]");
    await owner.fill("[name=last-day]", tomorrow);
    await owner.check("[name=what] >> nth=1");
    await owner.check("[name=channel-1]");
    await owner.check("[name=channel-3]");
    await owner.waitForSelector("[data-summary] >> text=каналы 1, 3");
    await look(owner, "share-part");
  });
  await owner.keyboard.press("Escape");
  await guest.waitForSelector("[data-offer] >> text=Каналы 1, 3");
  await guest.waitForSelector("[data-offer] >> text=Уведомления");
  await guest.waitForSelector("[data-offer] >> text=/По \\d+ .* г\\./");
  await look(guest, "offer-of-a-part");
  await guest.click("[data-offer] [data-action=accept]");
  await guest.click(`${DEVICE} .preview`);
  await guest.waitForSelector("[data-tile]");
  assert.deepEqual(await tiles(guest), ["1", "3"]);
  await guest.waitForSelector('[data-tile="3"] [data-state=playing]');
  await guest.click("[data-test=details] summary");
  assert.equal((await guest.$$("[data-channel-row]")).length, 2);
  await guest.goto(`${settings.url}/#/devices/${settings.cloudId}/2`);
  await guest.waitForSelector("[data-page=device]");
  await guest.waitForSelector('[data-tile="1"]');
  assert.equal(await guest.$("[data-page=channel]"), null, "a channel that is not shared");
  await guest.goto(`${settings.url}/#/devices/${settings.cloudId}`);
}

/** Wider terms hold at once, and the guest is told of them until they have seen it. */
async function widen(owner, guest, person) {
  await owner.click(`${DEVICE} [data-action=share]`);
  await owner.click(`[data-step=list] li:has-text("${person.email}") [data-action=edit]`);
  await owner.check("[name=what] >> nth=0");
  await owner.click("[data-step=terms] [type=submit]");
  await stateOf(owner, person, "accepted");
  await owner.keyboard.press("Escape");
  await guest.waitForSelector('[data-tile="2"] [data-state=playing]');
  assert.deepEqual(await tiles(guest), ["1", "2", "3", "4"]);
  await guest.waitForSelector("[data-offer] >> text=расширяет ваш доступ");
  await look(guest, "widened");
  await guest.click("[data-offer] [data-action=noted]");
  await guest.waitForSelector("[data-offer]", { state: "detached" });
  await guest.reload();
  await guest.waitForSelector("[data-tile]");
  assert.equal(await guest.$("[data-offer]"), null, "told twice");
}

async function giveBack(owner, guest, person) {
  await guest.click("header a");
  await openSection(guest, "shared");
  await look(guest, "shared-with-me");
  await guest.click("[data-page=shared] [data-action=give-back]");
  await shoot(guest, "give-back");
  await guest.click("[data-dialog=give-back] [type=submit]");
  await guest.waitForSelector("[data-page=shared] [data-share]", { state: "detached" });
  await openSection(guest, "devices");
  await guest.waitForSelector("[data-page=devices] [data-empty]");

  await openSection(owner, "shares");
  await owner.check("[name=ended]");
  const rows = `tr:has-text("${person.email}")`;
  await owner.waitForSelector(`${rows} [data-state=accepted]`, { state: "detached" });
  assert.equal((await owner.$$(rows)).length, 2);
  await owner.click("[data-test=refresh]");
  await owner.waitForSelector("[data-toast]");
  await owner.waitForSelector(rows);
  await look(owner, "shares-over");
}

/** In the window of a device's shares. */
function stateOf(page, { email }, state) {
  return page.waitForSelector(`[data-step=list] li:has-text("${email}") [data-state=${state}]`);
}

function tiles(page) {
  return page.$$eval("[data-tile]", (all) => all.map((tile) => tile.dataset.tile));
}

/** At a desk and on a phone, which it has to fit. */
async function look(page, name) {
  await shoot(page, name);
  await page.setViewportSize(PHONE);
  assert.ok(await fitsWidth(page), `${name} is wider than the screen`);
  await shoot(page, `${name}-phone`);
  await page.setViewportSize(DESKTOP);
}

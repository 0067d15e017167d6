// The window in which an owner shares a device.

import assert from "node:assert/strict";

/** No way from one thing to another by the Tab key is longer. */
const TABS_MAX = 40;

/** Goes on with the Tab key alone until the focus is on what the selector names. */
export async function tabTo(page, selector) {
  for (let at = 0; at < TABS_MAX; at++) {
    const found = await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
    if (found) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the Tab key does not lead to ${selector}`);
}

async function press(page, selector) {
  await tabTo(page, selector);
  await page.keyboard.press("Enter");
}

/** Fails when the next key would go to the page behind the window, or nowhere. */
async function focusIsInside(page) {
  const inside = await page.evaluate(
    () => document.activeElement?.closest("dialog[data-dialog=share]") !== null,
  );
  assert.ok(inside, "the window has lost the keyboard");
}

/** Fills in an offer of live view at these hours and weekdays, without a mouse. */
export async function offerByKeyboard(page, deviceId, { email, hours, weekdays }) {
  await press(page, `[data-device="${deviceId}"] [data-action=share]`);
  await page.waitForSelector("[data-dialog=share] [data-step=list]");
  await focusIsInside(page);
  await press(page, "[data-action=share-with]");
  await page.waitForSelector("[data-step=find]");
  await tabTo(page, "[name=recipient]");
  await page.keyboard.type(email);
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-step=terms]");
  await focusIsInside(page);
  await tabTo(page, "[name=when]");
  await page.keyboard.press("ArrowDown");
  for (let day = 1; day <= 7; day++) {
    const pressed = await page.getAttribute(`[data-weekday="${day}"]`, "aria-pressed");
    if ((pressed === "true") !== weekdays.includes(day)) await press(page, `[data-weekday="${day}"]`);
  }
  for (const [at, { from, to }] of hours.entries()) {
    if (at > 0) await press(page, "[data-action=add-hours]");
    await tabTo(page, `[name=from-${at}]`);
    await page.keyboard.type(from.replace(":", ""));
    await tabTo(page, `[name=to-${at}]`);
    await page.keyboard.type(to.replace(":", ""));
  }
  await focusIsInside(page);
}

/** Sends the form that `offerByKeyboard` has filled in, and leaves the window. */
export async function sendByKeyboard(page) {
  await press(page, "[data-step=terms] [type=submit]");
  await page.waitForSelector("[data-step=list] [data-share]");
  await focusIsInside(page);
}

export async function leaveByKeyboard(page, deviceId) {
  await page.keyboard.press("Escape");
  await page.waitForSelector("[data-dialog=share]", { state: "detached" });
  await page.waitForFunction(
    (id) => document.activeElement?.matches(`[data-device="${id}"] [data-action=share]`),
    deviceId,
  );
}

/** Offers live view at all times, and what `fill` adds to it; the window stays open. */
export async function offer(page, deviceId, email, fill = async () => {}) {
  await page.click(`[data-device="${deviceId}"] [data-action=share]`);
  await page.click("[data-action=share-with]");
  await page.fill("[name=recipient]", email);
  await page.click("[data-step=find] [type=submit]");
  await page.waitForSelector("[data-step=terms]");
  await fill();
  await page.click("[data-step=terms] [type=submit]");
  await page.waitForSelector("[data-step=list] [data-share]");
}

/** In the open window, gives the only recipient these hours on every day instead of what they have. */
export async function changeHours(page, { from, to }) {
  await page.click("[data-step=list] [data-action=edit]");
  await page.waitForSelector("[data-step=terms]");
  while ((await page.$$("[data-interval]")).length > 1) {
    await page.click("[data-interval]:last-child button");
  }
  await page.fill("[name=from-0]", from);
  await page.fill("[name=to-0]", to);
  while ((await page.$("[data-weekday][aria-pressed=false]")) !== null) {
    await page.click("[data-weekday][aria-pressed=false]");
  }
  await page.click("[data-step=terms] [type=submit]");
  await page.waitForSelector("[data-step=list]");
}

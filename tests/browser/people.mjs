// What people do with their accounts and devices, step by step.

import { mailedCode } from "./mail.mjs";
import { settings } from "./settings.mjs";

/** Somebody whom the cloud has never seen. */
export function somebody(name) {
  return { email: `${name}-${Date.now()}@example.org`, password: "correct-horse-7" };
}

/** An account that has no device, and perhaps an offer already. */
export async function register(page, { email, password }) {
  await page.goto(`${settings.url}/#/register`);
  await page.fill("[name=email]", email);
  await page.click("[type=submit]");
  await page.waitForSelector("[name=code]");
  await page.fill("[name=code]", await mailedCode(email));
  await page.fill("[name=new-password]", password);
  await page.fill("[name=repeat-password]", password);
  await page.click("[type=submit]");
  await page.waitForSelector("[data-page=devices] [data-empty]");
}

export async function signInByDevice(page, { cloudId, name, password }) {
  await page.goto(settings.url);
  await page.click("[data-tab=device]");
  await page.fill("[name=device-id]", cloudId);
  await page.fill("[name=device-user]", name);
  await page.fill("[name=device-password]", password);
  await page.click("[data-test=sign-in-by-device] [type=submit]");
  await page.waitForSelector("header [data-test=device-user]");
}

export async function changePassword(page, from, to) {
  await page.fill("[name=current-password]", from);
  await page.fill("[name=new-password]", to);
  await page.fill("[name=repeat-password]", to);
  await page.click("[data-test=change-password] [type=submit]");
}

/** The two steps of adding a device; the page waits for what proves that it is theirs. */
export async function findDevice(page, { cloudId, name }) {
  await page.goto(`${settings.url}/#/claim`);
  await page.fill("[name=cloud-id]", cloudId.replaceAll("-", "").toLowerCase());
  await page.click("[type=submit]");
  await page.waitForSelector('[data-page=claim][data-step="2"]');
  await page.fill("[name=device-name]", name);
}

export async function signOut(page) {
  await page.click("[data-test=sign-out]");
  await page.waitForSelector("[data-test=sign-in]");
}

/** By the sections of the portal, without loading it again. */
export async function openSection(page, name) {
  await page.click(`[data-section=${name}]`);
  await page.waitForSelector(`[data-page=${name}]`);
}

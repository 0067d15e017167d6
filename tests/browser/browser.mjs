// A Chromium for one test, and the steps that most journeys begin with.

import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { settings } from "./settings.mjs";

/** Longest wait for any one state. A busy machine takes its time to draw the first demo pictures;
 * what has to be quick is measured by the tests that say so. */
const PATIENCE_MS = 60_000;

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--ignore-certificate-errors",
  "--autoplay-policy=no-user-gesture-required",
];

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/**
 * Runs a journey in a browser of its own. Anything that the page throws or that its content policy
 * blocks fails the test, also when the journey itself succeeds.
 */
export async function inBrowser({ language = "en-US", viewport = DESKTOP } = {}, journey) {
  // `headless: false` keeps the old headless mode out, which has no media pipeline of its own.
  const browser = await chromium.launch({
    executablePath: settings.chromium,
    args: FLAGS,
    headless: false,
  });
  try {
    const context = await browser.newContext({
      locale: language,
      viewport,
      colorScheme: "dark",
      ignoreHTTPSErrors: true,
      acceptDownloads: true,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const faults = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text());
    });
    await journey(page, context);
    assert.deepEqual(faults, [], "errors in the page");
  } finally {
    await browser.close();
  }
}

export async function signIn(page, path = "/") {
  await page.goto(settings.url + path);
  await page.fill("[name=email]", settings.email);
  await page.fill("[name=password]", settings.password);
  await page.click("[data-test=sign-in] [type=submit]");
  await page.waitForSelector("header [data-test=sign-out]");
}

/** The device's wall with all its pictures moving. */
export async function openWall(page) {
  await signIn(page);
  await page.click(`[data-device="${settings.cloudId}"] .preview`);
  await page.waitForSelector("[data-page=device] [data-tile]");
  await page.waitForFunction(() =>
    [...document.querySelectorAll("[data-tile] [data-state]")].every(
      (picture) => picture.dataset.state === "playing",
    ),
  );
}

export async function shoot(page, name) {
  if (settings.shots) await page.screenshot({ path: join(settings.shots, `${name}.png`) });
}

/** Whether everything on the page fits its width. */
export function fitsWidth(page) {
  return page.evaluate(
    () => document.scrollingElement.scrollWidth <= document.documentElement.clientWidth,
  );
}

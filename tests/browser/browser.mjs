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

// `headless: false` keeps the old headless mode out, which has no media pipeline of its own.
const LAUNCH = { executablePath: settings.chromium, args: FLAGS, headless: false };

const contextOptions = (locale, viewport) => ({
  locale,
  viewport,
  colorScheme: "dark",
  ignoreHTTPSErrors: true,
  acceptDownloads: true,
});

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Runs a journey of one person in a browser of their own. */
export function inBrowser(options, journey) {
  return withBrowser(options, async (open) => {
    const page = await open();
    await journey(page, page.context());
  });
}

/**
 * Runs a journey of people who are apart: each page that `open` gives has cookies and storage of its
 * own. Anything that a page throws or that its content policy blocks fails the test, also when the
 * journey itself succeeds.
 */
export async function withBrowser({ language = "en-US", viewport = DESKTOP } = {}, journey) {
  const browser = await chromium.launch(LAUNCH);
  const faults = [];
  const pages = [];
  const open = async () => {
    const context = await browser.newContext(contextOptions(language, viewport));
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    pages.push(page);
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text());
    });
    return page;
  };
  try {
    await journey(open);
    assert.deepEqual(faults, [], "errors in the page");
  } catch (error) {
    for (const [at, page] of pages.entries()) {
      await shoot(page, `failed-${at + 1}`);
      const words = await page.evaluate(() => document.body.innerText).catch(String);
      error.message += `\nPage ${at + 1} is at ${page.url()} and says:\n${words}`;
    }
    throw error;
  } finally {
    await browser.close();
  }
}

/** Runs a part of a journey in a browser that keeps in a folder what it knows, until the next start. */
export async function inKeptBrowser(folder, journey, { language = "en-US" } = {}) {
  const options = { ...LAUNCH, ...contextOptions(language, DESKTOP) };
  const context = await chromium.launchPersistentContext(folder, options);
  context.setDefaultTimeout(PATIENCE_MS);
  try {
    await journey(context.pages()[0]);
  } finally {
    await context.close();
  }
}

/** As the owner of the demo's device, or as somebody else; by another way to the portal than the
 * straight one, if `url` says so. */
export async function signIn(page, path = "/", who = {}) {
  const { email, password, url } = { ...settings, ...who };
  await page.goto(url + path);
  await page.fill("[name=email]", email);
  await page.fill("[name=password]", password);
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

/** Opens a channel by its tile and waits for its moving picture. */
export async function largeView(page, channel) {
  await page.click(`[data-tile="${channel}"]`);
  await page.waitForSelector(
    `[data-page=channel] [data-channel="${channel}"][data-stream=main][data-state=playing]`,
  );
}

/**
 * Milliseconds from the click to the first picture, for five visits to a channel whose stream runs.
 * Starts and ends at the wall.
 */
export async function warmFirstPictures(page, channel) {
  for (let visit = 0; visit < 6; visit++) {
    await largeView(page, channel);
    await page.keyboard.press("Escape");
    await page.waitForSelector("[data-page=device]");
  }
  // The first visit has started the main stream; the others found it running.
  const [, ...warm] = await page.evaluate(() =>
    performance
      .getEntriesByName("sightline:first-picture")
      .filter(({ detail }) => detail.stream === "main")
      .map(({ duration }) => Math.round(duration)),
  );
  console.log(`first pictures, ms: ${warm.join(" ")}`);
  return warm;
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

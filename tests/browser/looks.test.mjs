// Every page in both themes: no serious violation of WCAG that axe-core finds.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { inBrowser, shoot, signIn } from "./browser.mjs";
import { settings } from "./settings.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** A theme changes nothing but colours, so all rules are looked at in one of them. */
const THEMES = [
  ["light", { type: "tag", values: STANDARD }],
  ["dark", { type: "rule", values: ["color-contrast"] }],
];
const SEVERE = ["serious", "critical"];

test("every page keeps to WCAG in both themes", async () => {
  await inBrowser({}, async (page) => {
    const found = [];
    const check = async (name) => {
      for (const [theme, rules] of THEMES) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await shoot(page, `theme-${theme}-${name}`);
        for (const words of await violations(page, rules)) found.push(`${name}, ${theme}: ${words}`);
      }
    };
    await welcome(page, check);
    await signIn(page, "/#/sign-in");
    await pages(page, check);
    await windows(page, check);
    assert.deepEqual(found, []);
  });
});

/** What a stranger sees, with the errors of forms. */
async function welcome(page, check) {
  await page.goto(settings.url);
  await page.waitForSelector("[data-test=sign-in]");
  await check("sign-in");
  await page.click("[data-tab=device]");
  await check("sign-in-by-device");
  for (const name of ["register", "forgot-password"]) {
    await page.goto(`${settings.url}/#/${name}`);
    await page.waitForSelector(`[data-test=${name}]`);
    await page.fill("[name=email]", "nobody@nowhere");
    await page.click("[type=submit]");
    await page.waitForSelector("[aria-invalid=true], [role=alert], [name=code]");
    await check(name);
  }
}

async function pages(page, check) {
  await page.waitForSelector("[data-device]");
  await check("devices-cards");
  await page.click("[data-view=table]");
  await page.waitForSelector("tr[data-device]");
  await check("devices-table");
  await page.click("[data-view=cards]");
  for (const name of ["claim", "import", "shared", "shares", "profile"]) {
    await page.goto(`${settings.url}/#/${name}`);
    await page.waitForSelector(`[data-page=${name}]`);
    await check(name);
  }
  await page.goto(`${settings.url}/#/devices/${settings.cloudId}`);
  await page.waitForSelector('[data-tile="1"] [data-state=playing]');
  await page.click("[data-test=details] summary");
  await check("device");
  await page.goto(`${settings.url}/#/devices/${settings.cloudId}/1`);
  await page.waitForSelector("[data-page=channel] [data-state=playing]");
  await check("channel");
  await page.goto(`${settings.url}/#/devices/AAAA-AAAA-AAAA-AAAA-A`);
  await page.waitForSelector("[data-page=device] .button");
  await check("no-such-device");
}

async function windows(page, check) {
  await page.goto(`${settings.url}/#/devices`);
  for (const name of ["rename", "delete", "share"]) {
    await page.click(`[data-action=${name}]`);
    await page.waitForSelector(`[data-dialog=${name}]`);
    await check(`window-${name}`);
    if (name === "share") break;
    await page.keyboard.press("Escape");
  }
  await page.click("[data-action=share-with]");
  await check("window-share-find");
  await page.fill("[name=recipient]", "somebody@example.org");
  await page.click("[data-step=find] [type=submit]");
  await page.waitForSelector("[data-step=terms]");
  await page.check("[name=when] >> nth=1");
  await page.check("[name=ends]");
  await page.click("[data-interval] button");
  await page.click("[data-weekday][aria-pressed=true]");
  await check("window-share-terms");
}

/** Evaluated past the page's content policy, as a browser extension is. */
async function violations(page, rules) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (runOnly) => window.axe.run(document, { runOnly }),
    rules,
  );
  return violations
    .filter(({ impact }) => SEVERE.includes(impact))
    .map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(" ")).join("; ")}`);
}

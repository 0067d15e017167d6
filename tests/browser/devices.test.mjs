// Many devices in one account: bringing them in from files, finding one, and what the list and the
// page of a device tell of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNoAgent, withQuietAgents } from "./agent.mjs";
import { DESKTOP, fitsWidth, inBrowser, PHONE, shoot } from "./browser.mjs";
import { announceUnbind } from "./operator.mjs";
import { register, somebody } from "./people.mjs";
import { settings } from "./settings.mjs";

/** One more than a page of the smallest size. */
const DEVICES = 13;
const PAGE = 12;
/** As long as a name can be, without a place to break it. */
const LONG_NAME = "Regenrückhaltebecken".repeat(4).slice(0, 64);

const row = (agent) => `[data-device="${agent.cloudId}"]`;

test("many devices are imported, found, sorted, paged and told about", async (t) => {
  if (whyNoAgent()) return t.skip(whyNoAgent());
  await withQuietAgents(DEVICES, (agents) =>
    inBrowser({}, async (page) => {
      const names = agents.map((_, at) => (at === 1 ? LONG_NAME : `Site ${at + 1}`));
      await register(page, somebody("collector"));
      await importCsv(page, agents[0], names[0]);
      await importJson(page, agents.slice(1), names.slice(1));
      await page.click("main a.button.primary");
      await page.waitForSelector("[data-page=devices] table");
      await turnPages(page, agents);
      await sort(page);
      await find(page, agents);
      await troubles(page, agents);
    }),
  );
});

/** A device that is free, one with a typing mistake, and somebody else's. */
async function importCsv(page, agent, name) {
  const wrong = settings.cloudId.startsWith("2") ? "3" : "2";
  await page.goto(`${settings.url}/#/import`);
  await look(page, "import");
  await choose(
    page,
    "devices.csv",
    "cloud_id,name,verification_code\r\n" +
      `${agent.cloudId},${name},${agent.code}\r\n` +
      `${wrong}${settings.cloudId.slice(1)},Gate,ABCD-EFGH\r\n` +
      `${settings.cloudId},Yard,ABCD-EFGH\r\n`,
  );
  await page.waitForSelector("[data-summary] >> text=1 added, 2 not added");
  const results = await page.$$eval("[data-line]", (rows) => rows.map((row) => row.textContent));
  for (const [at, words] of ["Added", "typing mistake", "already has an owner"].entries()) {
    assert.ok(results[at].includes(words), `${words}: ${results[at]}`);
  }
  await look(page, "imported");
}

async function importJson(page, agents, names) {
  const lines = agents.map(({ cloudId, code }, at) => ({
    cloud_id: cloudId,
    name: names[at],
    verification_code: code,
  }));
  await choose(page, "devices.json", JSON.stringify(lines));
  await page.waitForSelector(`[data-summary] >> text=${agents.length} added, 0 not added`);
}

async function choose(page, name, text) {
  const mimeType = name.endsWith(".json") ? "application/json" : "text/csv";
  await page.setInputFiles("[name=file]", { name, mimeType, buffer: Buffer.from(text) });
  await page.click("[data-action=start]");
}

/** By the arrows, and by the number of a page. */
async function turnPages(page, agents) {
  const shown = (count) =>
    page.waitForFunction((n) => document.querySelectorAll("tr[data-device]").length === n, count);
  await shown(agents.length);
  await page.selectOption("[name=page-size]", String(PAGE));
  await shown(PAGE);
  await page.click("[data-test=next-page]");
  await shown(agents.length - PAGE);
  await look(page, "devices-page");
  await page.fill("[name=page-number]", "1");
  await page.click("nav form [type=submit]");
  await shown(PAGE);
  // There is no such page: the last one it is.
  await page.fill("[name=page-number]", "99");
  await page.press("[name=page-number]", "Enter");
  await shown(agents.length - PAGE);
  assert.equal(await page.inputValue("[name=page-number]"), "2");
}

/** By the headings of the columns, and by the fields above the table. */
async function sort(page) {
  const first = () => page.textContent("tr[data-device] th a");
  await page.selectOption("[name=page-size]", "24");
  assert.equal(await first(), LONG_NAME);
  await page.click("[data-order=name]");
  await page.waitForSelector("th[aria-sort=descending] [data-order=name]");
  assert.equal(await first(), `Site ${DEVICES}`);
  await page.click("[data-order=id]");
  const ids = await page.$$eval("tr[data-device]", (rows) => rows.map((row) => row.dataset.device));
  assert.deepEqual(ids, [...ids].sort());
  await page.selectOption("[name=order]", "claimed");
  assert.notEqual(await first(), "Site 1");
  await page.click("[data-test=descending]");
  assert.equal(await first(), "Site 1");
}

async function find(page, agents) {
  const matches = (count) =>
    page.waitForSelector(`[role=status] >> text=/^${count} devices? found$/`, { state: "attached" });
  await page.fill("[name=search]", agents[4].cloudId.replaceAll("-", "").toLowerCase());
  await matches(1);
  await page.waitForSelector(row(agents[4]));
  await page.fill("[name=search]", "nobody calls it that");
  await page.waitForSelector("[data-nothing]");
  await shoot(page, "devices-nothing-found");
  await page.click("[data-nothing] button");
  await page.waitForSelector(row(agents[4]));

  await agents[4].kill();
  await page.waitForSelector(`${row(agents[4])} [data-status=offline]`);
  await page.selectOption("[name=status]", "offline");
  await matches(1);
  await page.selectOption("[name=status]", "any");
  await page.click("[data-order=status]");
  await page.click("[data-order=status]");
  assert.equal(await page.getAttribute("tr[data-device]", "data-device"), agents[4].cloudId);
  await page.selectOption("[name=relation]", "shared");
  await page.waitForSelector("[data-nothing]");
  await page.click("[data-nothing] button");

  await page.click("[data-test=refresh]");
  await page.waitForSelector("[data-toast]");
  await page.waitForSelector("[data-test=refresh][aria-busy=false]");
}

/** A short link, cameras that do not answer, and an operator who takes a device away. */
async function troubles(page, agents) {
  const slow = agents.at(-1);
  await announceUnbind(agents[0].cloudId, "The account is lost");
  await page.waitForSelector(`${row(agents[0])} [data-mark=unbind]`);
  await page.waitForSelector(`${row(slow)} [data-mark=uplink]`);
  await look(page, "devices-troubles");
  await page.goto(`${settings.url}/#/devices/${slow.cloudId}`);
  await page.waitForSelector("[data-page=device] [data-mark=uplink] >> text=16 Mbit/s needed");
  await page.waitForSelector('[data-test=details] [data-silent="2"]');
  await page.click("[data-test=details] summary");
  await page.waitForSelector("[data-link=short] >> text=16 Mbit/s needed");
  for (const channel of [1, 2]) {
    await page.waitForSelector(`[data-channel-row="${channel}"] [data-channel-state=silent]`);
  }
  await look(page, "device-troubles");
  await page.goto(`${settings.url}/#/devices/${agents[0].cloudId}`);
  await page.waitForSelector("[data-mark=unbind] >> text=The account is lost");
  await look(page, "device-unbind");
}

/** At a desk and on a phone, which it has to fit. */
async function look(page, name) {
  await shoot(page, name);
  await page.setViewportSize(PHONE);
  assert.ok(await fitsWidth(page), `${name} is wider than the screen`);
  await shoot(page, `${name}-phone`);
  await page.setViewportSize(DESKTOP);
}

// Signing in and out, registering, passwords, sessions, and the languages.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  fitsWidth,
  inBrowser,
  inKeptBrowser,
  PHONE,
  shoot,
  signIn,
  withBrowser,
} from "./browser.mjs";
import { mailedCode } from "./mail.mjs";
import { register, signOut, somebody } from "./people.mjs";
import { settings } from "./settings.mjs";

test("a session outlives a reload and ends with signing out", async () => {
  await inBrowser({}, async (page) => {
    await signIn(page);
    await page.reload();
    await page.waitForSelector(`[data-device="${settings.cloudId}"]`);
    await page.click("[data-test=sign-out]");
    await page.waitForSelector("[data-test=sign-in]");
    await page.reload();
    await page.waitForSelector("[data-test=sign-in]");
    assert.equal(await page.$("[data-device]"), null);
  });
});

test("many reloads in a row rotate the refresh token without losing the session", async () => {
  await inBrowser({}, async (page) => {
    await signIn(page);
    for (let at = 0; at < 5; at++) {
      await page.reload();
      await page.waitForSelector(`[data-device="${settings.cloudId}"]`);
    }
  });
});

test("reloads that cut each other's refresh short do not lose the session", async () => {
  await inBrowser({}, async (page) => {
    await signIn(page);
    for (let at = 0; at < 5; at++) {
      const refreshing = page.waitForRequest((request) => request.url().endsWith("/Refresh"));
      await page.reload({ waitUntil: "commit" });
      await refreshing;
    }
    await page.waitForSelector(`[data-device="${settings.cloudId}"]`);
  });
});

test("tabs that open at the same time share one session", async () => {
  await inBrowser({}, async (page, context) => {
    await signIn(page);
    const tabs = await Promise.all([1, 2, 3].map(() => context.newPage()));
    await Promise.all(tabs.map((tab) => tab.goto(settings.url)));
    for (const tab of tabs) await tab.waitForSelector(`[data-device="${settings.cloudId}"]`);
    await tabs[0].click("[data-test=sign-out]");
    for (const tab of [page, ...tabs]) await tab.waitForSelector("[data-test=sign-in]");
  });
});

test("a wrong password is refused in the words of the language", async () => {
  for (const [language, words] of [
    ["en-US", "The e-mail or the password is wrong."],
    ["ru-RU", "Неверная почта или пароль."],
  ]) {
    await inBrowser({ language }, async (page) => {
      await page.goto(settings.url);
      await page.fill("[name=email]", "nobody@example.org");
      await page.fill("[name=password]", "not-the-password-1");
      await page.click("[type=submit]");
      assert.equal((await page.textContent("[role=alert]")).trim(), words);
      await shoot(page, `sign-in-${language}`);
    });
  }
});

test("the language can be changed on every page and is remembered", async () => {
  await inBrowser({}, async (page) => {
    await page.goto(settings.url);
    const heading = () => page.textContent("h1");
    assert.equal(await heading(), "Sign in");
    await page.click("[lang=ru]");
    assert.equal(await heading(), "Вход");
    assert.equal(await page.getAttribute("html", "lang"), "ru");
    await signIn(page);
    await page.waitForSelector("[data-device]");
    assert.equal(await heading(), "Мои устройства");
    await shoot(page, "devices-ru");
    await page.reload();
    await page.waitForSelector("[data-device]");
    assert.equal(await heading(), "Мои устройства");
    await page.goto(`${settings.url}/#/claim`);
    await page.waitForSelector("[data-page=claim]");
    await page.click("[lang=en]");
    assert.equal(await heading(), "Add a device");
    await page.goto(`${settings.url}/#/devices`);
    await page.waitForSelector("[data-device]");
    await shoot(page, "devices-en");
  });
});

test("every page fits a phone in both languages", async () => {
  for (const language of ["en-US", "ru-RU"]) {
    await inBrowser({ language, viewport: PHONE }, async (page) => {
      const check = async (name) => {
        assert.ok(await fitsWidth(page), `${name} in ${language} is wider than the screen`);
        await shoot(page, `${name}-phone-${language}`);
      };
      await page.goto(settings.url);
      await page.waitForSelector("[data-test=sign-in]");
      await check("sign-in");
      await page.goto(`${settings.url}/#/register`);
      await page.waitForSelector("[data-test=register]");
      await check("register");
      await signIn(page, "/#/sign-in");
      await page.waitForSelector("[data-device]");
      await check("devices");
      for (const [name, path] of [
        ["claim", "claim"],
        ["device", `devices/${settings.cloudId}`],
        ["channel", `devices/${settings.cloudId}/1`],
      ]) {
        await page.goto(`${settings.url}/#/${path}`);
        await page.waitForSelector(`[data-page=${name}]`);
        await check(name);
      }
    });
  }
});

test("registering takes the code from the e-mail and leads to the first device", async (t) => {
  if (!settings.output) return t.skip("SIGHTLINE_OUTPUT is not set");
  await inBrowser({ language: "ru-RU" }, async (page) => {
    const email = `person-${Date.now()}@example.org`;
    await page.goto(`${settings.url}/#/register`);
    await page.fill("[name=email]", email);
    await page.click("[type=submit]");
    await page.fill("[name=new-password]", "abcdefgh");
    await page.waitForSelector("[data-kept=false]");
    await page.fill("[name=code]", "00000000");
    await page.fill("[name=new-password]", "correct-horse-7");
    await page.fill("[name=repeat-password]", "correct-horse-7");
    assert.equal(await page.$("[data-kept=false]"), null);
    await shoot(page, "register");
    await page.click("[type=submit]");
    await page.waitForSelector("[role=alert]");
    await page.fill("[name=code]", await mailedCode(email));
    await page.click("[type=submit]");
    await page.waitForSelector("[data-empty]");
    await shoot(page, "first-device");
  });
});

test("a forgotten password is set anew on a phone, and ends all sessions", async (t) => {
  if (!settings.output) return t.skip("SIGHTLINE_OUTPUT is not set");
  await withBrowser({ viewport: PHONE }, async (open) => {
    const [page, elsewhere] = await Promise.all([open(), open()]);
    const person = somebody("forgetful");
    const look = async (name) => {
      assert.ok(await fitsWidth(page), `${name} is wider than the screen`);
      await shoot(page, `${name}-phone`);
    };
    await register(elsewhere, person);

    await page.goto(settings.url);
    await page.click("a[href='#/forgot-password']");
    await page.waitForSelector("[data-test=forgot-password]");
    await look("forgot-password");
    await page.fill("[name=email]", person.email);
    await page.click("[type=submit]");
    await page.waitForSelector("[name=code]");
    const password = "another-horse-8";
    await page.fill("[name=code]", "00000000");
    await page.fill("[name=new-password]", password);
    await page.fill("[name=repeat-password]", password);
    await page.click("[type=submit]");
    await page.waitForSelector("[role=alert]");
    await look("forgot-password-wrong-code");
    await page.fill("[name=code]", await mailedCode(person.email));
    await page.click("[type=submit]");
    await page.waitForSelector("[data-test=password-reset]");
    await look("password-reset");
    await elsewhere.waitForSelector("[data-test=sign-in]");

    await page.click("a[href='#/sign-in']");
    await page.fill("[name=email]", person.email);
    await page.fill("[name=password]", person.password);
    await page.click("[type=submit]");
    await page.waitForSelector("[role=alert] >> text=The e-mail or the password is wrong.");
    await page.fill("[name=password]", password);
    await page.click("[type=submit]");
    await page.waitForSelector("[data-page=devices] [data-empty]");

    // Whoever finds a session in the list that is not theirs ends that one, and stays signed in.
    await signIn(elsewhere, "/", { email: person.email, password });
    await page.click("[data-test=profile]");
    await page.waitForSelector("[data-session=other]");
    await look("profile-sessions");
    await page.click("[data-session=other] button");
    await page.waitForSelector("[data-session=other]", { state: "detached" });
    await elsewhere.waitForSelector("[role=status] >> text=Your session was ended from elsewhere");
    assert.ok(await page.$("[data-session=current]"));
    await signOut(page);
  });
});

test("a browser that is started anew knows only whom it was to remember", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sightline-profile-"));
  try {
    await inKeptBrowser(folder, async (page) => {
      await signIn(page);
      await page.waitForSelector("[data-device]");
    });
    await inKeptBrowser(folder, async (page) => {
      await page.goto(settings.url);
      await page.waitForSelector("[data-test=sign-in]");
      await page.check("[name=remember-me]");
      await page.fill("[name=email]", settings.email);
      await page.fill("[name=password]", settings.password);
      await page.click("[data-test=sign-in] [type=submit]");
      await page.waitForSelector("[data-device]");
    });
    await inKeptBrowser(folder, async (page) => {
      await page.goto(settings.url);
      await page.waitForSelector(`[data-device="${settings.cloudId}"]`);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

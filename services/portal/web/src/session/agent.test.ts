import { expect, it } from "vitest";
import { agentOf } from "./agent";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";

it("names a browser and its system, whatever others it claims to be", () => {
  const names = (text: string) => Object.values(agentOf(text) ?? {}).join(" on ");
  expect(names(`${BROWSER} Chrome/140.0.0.0 Safari/537.36`)).toBe("Chrome on Windows");
  expect(names(`${BROWSER} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`)).toBe("Edge on Windows");
  expect(names(`${BROWSER} Chrome/140.0 YaBrowser/26.9 Safari/537.36`)).toBe(
    "Yandex Browser on Windows",
  );
  expect(names("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")).toBe(
    "Firefox on Linux",
  );
  expect(
    names(
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    ),
  ).toBe("Safari on iPhone");
  expect(
    names(
      "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    ),
  ).toBe("Chrome on Android");
});

it("shows other programs as they call themselves, and says when one does not", () => {
  expect(agentOf("sightline-import/1.0")).toEqual({ program: "sightline-import/1.0" });
  expect(agentOf("  ")).toBeUndefined();
});

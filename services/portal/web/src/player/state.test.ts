import { expect, it } from "vitest";
import { afterEnd } from "./state";

it("asks again, and not soon, after access has ended", () => {
  expect(afterEnd("ACCESS_ENDED")).toMatchObject({ state: { kind: "ended" }, when: "seldom" });
});

it("asks again for a device that is in the list and not known elsewhere yet", () => {
  expect(afterEnd("NOT_FOUND")).toMatchObject({ state: { kind: "ended" }, when: "backoff" });
});

it("tells a device that is away from a camera that is", () => {
  expect(afterEnd("DEVICE_OFFLINE").state).toEqual({ kind: "offline", what: "device" });
  expect(afterEnd("CHANNEL_UNAVAILABLE").state).toEqual({ kind: "offline", what: "camera" });
});

it("asks for a newer token when the old one was refused, and only then", () => {
  for (const reason of ["TOKEN_EXPIRED", "SESSION_ENDED", "SIGN_IN_REQUIRED"] as const) {
    expect(afterEnd(reason)).toMatchObject({ when: "at-once", freshToken: true });
  }
  for (const reason of ["DRAINING", "TOO_SLOW", "CONNECTION_LOST", "BAD_STREAM"] as const) {
    expect(afterEnd(reason)).toMatchObject({ when: "backoff", freshToken: false });
  }
});

it("says that access cannot be confirmed, and asks again soon", () => {
  for (const reason of ["UNCONFIRMED", "UNAVAILABLE"] as const) {
    expect(afterEnd(reason)).toMatchObject({ state: { kind: "unconfirmed" }, when: "backoff" });
  }
});

it("waits for the hours of a share, without an attempt before they begin", () => {
  expect(afterEnd("OUTSIDE_HOURS", 1_795_500_000_000)).toEqual({
    then: "wait",
    state: { kind: "outside-hours", opensAt: 1_795_500_000_000 },
    until: 1_795_500_000_000,
  });
  expect(afterEnd("OUTSIDE_HOURS")).toMatchObject({ then: "wait", until: Infinity });
});

it("asks again for a channel that is not shared: news of wider terms may be on their way", () => {
  expect(afterEnd("NOT_ALLOWED")).toMatchObject({
    then: "retry",
    state: { kind: "not-allowed" },
    when: "backoff",
  });
});

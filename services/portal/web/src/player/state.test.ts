import { expect, it } from "vitest";
import { afterEnd } from "./state";

it("never comes back after access has ended", () => {
  for (const reason of ["ACCESS_ENDED", "NOT_FOUND"] as const) {
    expect(afterEnd(reason)).toEqual({ then: "stop", state: { kind: "ended" } });
  }
});

it("tells a device that is away from a camera that is", () => {
  expect(afterEnd("DEVICE_OFFLINE").state).toEqual({ kind: "offline", what: "device" });
  expect(afterEnd("CHANNEL_UNAVAILABLE").state).toEqual({ kind: "offline", what: "camera" });
});

it("asks for a newer token when the old one was refused, and only then", () => {
  for (const reason of ["TOKEN_EXPIRED", "SIGN_IN_REQUIRED"] as const) {
    expect(afterEnd(reason)).toMatchObject({ when: "at-once", freshToken: true });
  }
  for (const reason of ["DRAINING", "TOO_SLOW", "CONNECTION_LOST", "BAD_STREAM"] as const) {
    expect(afterEnd(reason)).toMatchObject({ when: "backoff", freshToken: false });
  }
});

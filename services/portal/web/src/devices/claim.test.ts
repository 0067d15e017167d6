import { expect, it } from "vitest";
import { groupCode, groupId, parseClaim } from "./claim";

it("takes ID and code from the address that a QR code holds", () => {
  expect(parseClaim("id=7K3Q-0M9T-VX2A-HD84-P&code=ABCD-EFGH")).toEqual({
    id: "7K3Q-0M9T-VX2A-HD84-P",
    code: "ABCD-EFGH",
  });
  expect(parseClaim("id=7K3Q")).toEqual({ id: "7K3Q", code: "" });
  expect(parseClaim("code=ABCD-EFGH")).toBeUndefined();
});

it("keeps a long address from becoming a long text", () => {
  expect(parseClaim(`id=${"A".repeat(5000)}`)?.id).toHaveLength(64);
});

it("groups an ID as it is printed, at every length while it is typed", () => {
  expect(groupId("7k3q")).toBe("7K3Q");
  expect(groupId("7k3q0")).toBe("7K3Q-0");
  expect(groupId(" 7k3q 0m9t vx2a hd84 p ")).toBe("7K3Q-0M9T-VX2A-HD84-P");
  expect(groupId(groupId("7k3q0m9tvx2ahd84p"))).toBe("7K3Q-0M9T-VX2A-HD84-P");
});

it("drops what is beyond the length of an ID or a code", () => {
  expect(groupId("7K3Q0M9TVX2AHD84PXYZ")).toBe("7K3Q-0M9T-VX2A-HD84-P");
  expect(groupCode("abcd-efgh-ijkl")).toBe("ABCD-EFGH");
});

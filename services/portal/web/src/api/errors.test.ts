import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { isTokenRefused, refusalOf } from "./errors";

function refused(code: Code, ...details: { type: string; value: Uint8Array }[]): ConnectError {
  const error = new ConnectError("english words for developers", code);
  error.details = details;
  return error;
}

function errorInfo(reason: string) {
  const value = new BinaryWriter().tag(2, 2).string("sightline").tag(1, 2).string(reason).finish();
  return { type: "google.rpc.ErrorInfo", value };
}

function retryInfo(seconds: number) {
  const duration = new BinaryWriter().tag(1, 0).int64(seconds).finish();
  const value = new BinaryWriter().tag(1, 2).bytes(duration).finish();
  return { type: "google.rpc.RetryInfo", value };
}

it("takes the reason from the error's details, and not from its code", () => {
  const error = refused(Code.InvalidArgument, errorInfo("WRONG_VERIFICATION_CODE"));
  expect(refusalOf(error)).toEqual({ reason: "WRONG_VERIFICATION_CODE" });
});

it("tells when another attempt makes sense", () => {
  const error = refused(Code.ResourceExhausted, errorInfo("TOO_MANY_ATTEMPTS"), retryInfo(42));
  expect(refusalOf(error)).toEqual({ reason: "TOO_MANY_ATTEMPTS", retryAfterS: 42 });
});

it("has words for a reason that it does not know, by the code", () => {
  expect(refusalOf(refused(Code.Internal, errorInfo("INTERNAL")))).toEqual({ reason: "UNKNOWN" });
  expect(refusalOf(refused(Code.Unavailable, errorInfo("NEW_ONE")))).toEqual({
    reason: "UNAVAILABLE",
  });
  expect(refusalOf(refused(Code.Unauthenticated))).toEqual({ reason: "SIGN_IN_REQUIRED" });
});

it("takes a fetch that failed for a server that cannot be reached", () => {
  expect(refusalOf(ConnectError.from(new TypeError("Failed to fetch")))).toEqual({
    reason: "UNAVAILABLE",
  });
});

it("survives details that are no message at all", () => {
  const error = refused(Code.InvalidArgument, {
    type: "google.rpc.ErrorInfo",
    value: new Uint8Array([0x0a, 0xff, 0xff]),
  });
  expect(refusalOf(error)).toEqual({ reason: "UNKNOWN" });
});

it("tells a refused token from a wrong password, which a newer token does not mend", () => {
  expect(isTokenRefused(refused(Code.Unauthenticated))).toBe(true);
  expect(isTokenRefused(refused(Code.Unauthenticated, errorInfo("TOKEN_EXPIRED")))).toBe(true);
  const wrongPassword = refused(Code.Unauthenticated, errorInfo("WRONG_CREDENTIALS"));
  expect(isTokenRefused(wrongPassword)).toBe(false);
  expect(isTokenRefused(refused(Code.NotFound, errorInfo("SESSION_NOT_FOUND")))).toBe(false);
});

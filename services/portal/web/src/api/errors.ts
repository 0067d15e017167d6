// Why the server refused: `google.rpc.ErrorInfo.reason` of an error, which a page turns into words.

import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";

/** Reasons with words of their own. `UNAVAILABLE` also stands for "the server cannot be reached". */
export const REASONS = [
  "INVALID_EMAIL",
  "WEAK_PASSWORD",
  "WRONG_CODE",
  "CODE_EXPIRED",
  "MAIL_FAILED",
  "WRONG_CREDENTIALS",
  "WRONG_PASSWORD",
  "TOO_MANY_ATTEMPTS",
  "BUSY",
  "ACCOUNT_EXISTS",
  "INVALID_DEVICE_ID",
  "DEVICE_NOT_FOUND",
  "DEVICE_OFFLINE",
  "DEVICE_OWNED",
  "DEVICE_ALREADY_YOURS",
  "TOO_MANY_DEVICES",
  "WRONG_VERIFICATION_CODE",
  "WRONG_DEVICE_PASSWORD",
  "NOT_ADMINISTRATOR",
  "TWO_PROOFS",
  "INVALID_FILE",
  "INVALID_LINE",
  "SHARE_NOT_FOUND",
  "SHARE_ENDED",
  "SHARE_EXISTS",
  "SHARE_WITH_SELF",
  "VERSION_CONFLICT",
  "INVALID_TERMS",
  "TOO_MANY_SHARES",
  "TOO_MANY_GIVEN",
  "TOO_MANY_OFFERS",
  "TOO_MANY_RECEIVED",
  "TOO_MANY_WATCHES",
  "CONFLICT",
  "INVALID_NAME",
  "SIGN_IN_REQUIRED",
  "TOKEN_EXPIRED",
  "SESSION_ENDED",
  "SESSION_NOT_FOUND",
  "ACCOUNT_NEEDED",
  "UNAVAILABLE",
] as const;

export type Reason = (typeof REASONS)[number];

export interface Refusal {
  /** `UNKNOWN` for a reason that this version has no words for. */
  reason: Reason | "UNKNOWN";
  /** Seconds until another attempt makes sense. */
  retryAfterS?: number;
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ConnectError)) {
    // No answer of a server but a mistake of ours: it belongs on the console as well.
    reportError(error);
    return { reason: "UNKNOWN" };
  }
  const status = error;
  const said = detail(status, "google.rpc.ErrorInfo", readReason);
  const reason = REASONS.find((known) => known === said) ?? reasonOfCode(status.code);
  const retryAfterS = detail(status, "google.rpc.RetryInfo", readRetryDelay);
  return retryAfterS === undefined ? { reason } : { reason, retryAfterS };
}

/** Whether a call was refused for its access token, so that a newer one may help. */
export function isTokenRefused(error: unknown): boolean {
  if (!(error instanceof ConnectError) || error.code !== Code.Unauthenticated) return false;
  return ["SIGN_IN_REQUIRED", "TOKEN_EXPIRED", "SESSION_ENDED"].includes(refusalOf(error).reason);
}

/** For what never reached the service, and so has no reason. */
function reasonOfCode(code: Code): Refusal["reason"] {
  switch (code) {
    case Code.Unauthenticated:
      return "SIGN_IN_REQUIRED";
    case Code.ResourceExhausted:
      return "TOO_MANY_ATTEMPTS";
    // Unknown is how a failed fetch looks.
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.Unknown:
      return "UNAVAILABLE";
    default:
      return "UNKNOWN";
  }
}

function detail<T>(
  status: ConnectError,
  type: string,
  read: (reader: BinaryReader) => T | undefined,
): T | undefined {
  for (const entry of status.details) {
    if (!("type" in entry) || entry.type !== type) continue;
    try {
      return read(new BinaryReader(entry.value));
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** `google.rpc.ErrorInfo`: field 1 is `reason`. */
function readReason(reader: BinaryReader): string | undefined {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) return reader.string();
    reader.skip(type);
  }
  return undefined;
}

/** `google.rpc.RetryInfo`: field 1 is a `google.protobuf.Duration`, whose field 1 is seconds. */
function readRetryDelay(reader: BinaryReader): number | undefined {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) {
      const duration = new BinaryReader(reader.bytes());
      const [inner] = duration.len > 0 ? duration.tag() : [0];
      return inner === 1 ? Math.max(1, Number(duration.int64())) : 1;
    }
    reader.skip(type);
  }
  return undefined;
}

// A device that somebody came to add: what the QR code on it holds, kept through signing in and
// registering.

/** Of this tab only, and gone with it: the verification code is a secret. */
const KEY = "sightline.claim.1";

export interface PendingClaim {
  id: string;
  code: string;
}

/** Longest text that is taken from an address; real ones are far below. */
const TEXT_MAX = 64;

/** Reads the part after `#/claim?`; undefined when it names no device. */
export function parseClaim(query: string): PendingClaim | undefined {
  const fields = new URLSearchParams(query);
  const id = (fields.get("id") ?? "").slice(0, TEXT_MAX);
  const code = (fields.get("code") ?? "").slice(0, TEXT_MAX);
  return id === "" ? undefined : { id, code };
}

export function keepClaim(claim: PendingClaim): void {
  sessionStorage.setItem(KEY, new URLSearchParams({ ...claim }).toString());
}

export function keptClaim(): PendingClaim | undefined {
  return parseClaim(sessionStorage.getItem(KEY) ?? "");
}

export function dropClaim(): void {
  sessionStorage.removeItem(KEY);
}

/** Cloud ID in groups of four as it is printed, while it is typed: `ABCD-EFGH-…-C`. */
export function groupId(text: string): string {
  const symbols = text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .slice(0, 17);
  return symbols.replace(/(.{4})(?=.)/g, "$1-");
}

/** Verification code as it is printed: `ABCD-EFGH`. */
export function groupCode(text: string): string {
  const symbols = text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .slice(0, 8);
  return symbols.replace(/(.{4})(?=.)/g, "$1-");
}

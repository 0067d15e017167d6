// When an access token is to be replaced, by this machine's clock, which may be wrong.

/** Share of a token's life after which it is replaced; the rest is time for retries. */
const RENEW_AT = 0.75;

/** A token is not used so close to its end: it has to reach the server and be checked. */
const MARGIN_MS = 5_000;

/** Assumed when a token does not say when it was issued. */
const UNKNOWN_LIFETIME_MS = 60_000;

export interface Lifetime {
  renewAt: number;
  usableUntil: number;
}

/** Lifetime of a token that has just been received at `now` (milliseconds since the Unix epoch). */
export function lifetimeOf(accessToken: string, expiresAt: number, now: number): Lifetime {
  const issuedAt = issuedAtOf(accessToken);
  // Both ends of the span are the server's times, so that a wrong clock here cancels out.
  const span = issuedAt === undefined ? UNKNOWN_LIFETIME_MS : Math.max(0, expiresAt - issuedAt);
  return {
    renewAt: now + span * RENEW_AT,
    usableUntil: now + Math.max(span - MARGIN_MS, span * RENEW_AT),
  };
}

/** The `iat` claim (RFC 7519, 4.1.6) in milliseconds. */
function issuedAtOf(jwt: string): number | undefined {
  const payload = jwt.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims.iat === "number" ? claims.iat * 1000 : undefined;
  } catch {
    return undefined;
  }
}

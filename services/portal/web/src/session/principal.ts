// Who can be signed in.

/** Somebody with an account of the cloud. */
export interface Account {
  kind: "account";
  id: string;
  email: string;
}

/** Somebody known to one device alone, who sees that device and nothing else. */
export interface DeviceUser {
  kind: "device-user";
  deviceId: string;
  userName: string;
}

export type Principal = Account | DeviceUser;

/** The same text for the same person. */
export function keyOf(principal: Principal): string {
  return principal.kind === "account"
    ? `account ${principal.id}`
    : `device ${principal.deviceId} ${principal.userName}`;
}

/** Reads what a page has kept, which may be of another version of it, or of somebody's making. */
export function parsePrincipal(value: unknown): Principal | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, id, email, deviceId, userName } = value as Record<string, unknown>;
  if (kind === "account" && typeof id === "string" && typeof email === "string") {
    return { kind, id, email };
  }
  if (kind === "device-user" && typeof deviceId === "string" && typeof userName === "string") {
    return { kind, deviceId, userName };
  }
  return undefined;
}

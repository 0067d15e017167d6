// Which page is shown. The address is kept after `#`: what stands there never reaches the server,
// nor its logs, which the verification code in a device's QR code relies on.

import { keepClaim, parseClaim } from "./devices/claim";

export type Page =
  | { name: "devices" }
  | { name: "device"; id: string }
  | { name: "channel"; id: string; channel: number }
  | { name: "claim" }
  | { name: "import" }
  | { name: "shared" }
  | { name: "shares" }
  | { name: "profile" }
  | { name: "sign-in" }
  | { name: "forgot-password" }
  | { name: "register" };

export interface Route {
  page: Page;
  /** The same as one of `paths`, or what the person typed. */
  address: string;
  /** When the person asked for it, on the clock of `performance.now()`. */
  at: number;
}

export const paths = {
  devices: "#/devices",
  device: (id: string) => `#/devices/${encodeURIComponent(id)}`,
  channel: (id: string, channel: number) => `#/devices/${encodeURIComponent(id)}/${channel}`,
  claim: "#/claim",
  import: "#/import",
  shared: "#/shared",
  shares: "#/shares",
  profile: "#/profile",
  signIn: "#/sign-in",
  forgotPassword: "#/forgot-password",
  register: "#/register",
};

let route = $state.raw<Route>(readAddress());

addEventListener("hashchange", () => (route = readAddress()));

export function currentRoute(): Route {
  return route;
}

export function goTo(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") {
    location.hash = path;
  } else {
    history.replaceState(null, "", path);
    route = readAddress();
  }
}

function readAddress(): Route {
  const [path = "", query = ""] = location.hash.slice(1).split("?", 2);
  const claim = path === "/claim" ? parseClaim(query) : undefined;
  if (claim !== undefined) {
    keepClaim(claim);
    // Out of the address, so that the secret stays in no history and no bookmark.
    history.replaceState(null, "", paths.claim);
  }
  return { page: pageOf(path), address: `#${path}`, at: performance.now() };
}

function pageOf(path: string): Page {
  const [first, second, third] = path.split("/").filter(Boolean).map(decode);
  switch (first) {
    case "claim":
    case "import":
    case "shared":
    case "shares":
      return { name: first };
    case "profile":
    case "sign-in":
    case "forgot-password":
    case "register":
      return { name: first };
    case "devices":
      break;
    default:
      return { name: "devices" };
  }
  if (second === undefined) return { name: "devices" };
  const channel = Number(third);
  if (Number.isSafeInteger(channel) && channel > 0) return { name: "channel", id: second, channel };
  return { name: "device", id: second };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

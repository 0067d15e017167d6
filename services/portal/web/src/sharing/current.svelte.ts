// The shares of the person who is signed in, for components.

import { session, sharing } from "../api/clients";
import { ShareState, type Share } from "../gen/sightline/sharing/v1/sharing_pb";
import { t } from "../i18n/i18n.svelte";
import { say } from "../parts/toasts.svelte";
import { Watch, type Cut } from "../watching";
import { apply, lost, put, watchShares, type Shares } from "./watch";

let shares = $state.raw<Shares | undefined>(undefined);
let cut = $state.raw<Cut | undefined>(undefined);
/** What the person wants to decide later, until the page is loaded again. */
let putOff = $state.raw<ReadonlySet<string>>(new Set());

/** What the person gives up: its end is no news. */
const leaving = new Set<string>();

/** Undefined until the server has told them. */
export function currentShares(): Shares | undefined {
  return shares;
}

/** Why they may be out of date; undefined while they are current. */
export function sharesCut(): Cut | undefined {
  return cut;
}

/** Newest first. */
export function sharesGiven(): Share[] {
  return newestFirst((share) => share.givenByCaller);
}

export function sharesReceived(): Share[] {
  return newestFirst((share) => !share.givenByCaller);
}

/** Offers that wait for the person's answer. */
export function openOffers(): Share[] {
  return sharesReceived().filter(({ state }) => state === ShareState.OFFERED);
}

/** Offers and wider terms to show at once, wherever the person is. */
export function news(): Share[] {
  return sharesReceived().filter(
    ({ id, state, widened }) =>
      !putOff.has(id) &&
      (state === ShareState.OFFERED || (state === ShareState.ACCEPTED && widened)),
  );
}

export function decideLater(share: Share): void {
  putOff = new Set(putOff).add(share.id);
}

/** Takes what a call answered, which may be newer than what the watch has told. */
export function learn(share: Share | undefined): void {
  if (share !== undefined) shares = put(shares ?? new Map(), share);
}

/** Turns an offer down, or gives an accepted share back. */
export async function decline(share: Share): Promise<void> {
  leaving.add(share.id);
  try {
    await sharing.declineShare({ shareId: share.id });
  } catch (error) {
    leaving.delete(share.id);
    throw error;
  }
  const rest = new Map(shares);
  if (rest.delete(share.id)) shares = rest;
}

const watch = new Watch((signal, answered) => {
  const events = {
    onMessage(message: Parameters<typeof apply>[1]) {
      const before = shares ?? new Map();
      shares = message.event.case === "heartbeat" ? shares : apply(before, message);
      for (const { id, deviceName } of lost(before, shares ?? before)) {
        if (!leaving.has(id)) say(t().sharing.received.lost(deviceName), "people");
      }
      answered(true);
    },
    onCut(next: Cut | undefined) {
      cut = next;
      if (next !== undefined) answered(false);
    },
  };
  void watchShares(sharing, session, events, signal);
});

/** Watches the shares of whoever is signed in now; returns how to end it. */
export function startWatching(): () => void {
  shares = cut = undefined;
  putOff = new Set();
  void watch.start();
  return () => watch.stop();
}

/** Asks for the whole list anew; resolves to whether the server has told it. */
export function refresh(): Promise<boolean> {
  return watch.start();
}

function newestFirst(wanted: (share: Share) => boolean): Share[] {
  return [...(shares?.values() ?? [])]
    .filter(wanted)
    .sort((a, b) => Number(b.createdAtUnixMs - a.createdAtUnixMs));
}

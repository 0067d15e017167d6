// Shares that the account has given and received: all at first, then each change.

import type { Client } from "@connectrpc/connect";
import {
  ShareState,
  type Share,
  type Sharing,
  type WatchSharesResponse,
} from "../gen/sightline/sharing/v1/sharing_pb";
import type { TokenSource } from "../session/token-source";
import { follow, type Cut } from "../watching";

export type Shares = ReadonlyMap<string, Share>;

/** The shares after a message. */
export function apply(shares: Shares, { event }: WatchSharesResponse): Shares {
  switch (event.case) {
    case "all":
      return new Map(event.value.shares.map((share) => [share.id, share]));
    case "changed":
      return put(shares, event.value);
    case "removedId": {
      const rest = new Map(shares);
      rest.delete(event.value);
      return rest;
    }
    default:
      return shares;
  }
}

/** With this share, unless a newer version of it is known: an answer and the watch race. */
export function put(shares: Shares, share: Share): Shares {
  const known = shares.get(share.id);
  if (known !== undefined && known.version > share.version) return shares;
  return new Map(shares).set(share.id, share);
}

/** Accepted shares of others that have ended: access that was lost. One that is missing has not: a
 * long list comes in parts. */
export function lost(before: Shares, after: Shares): Share[] {
  return [...before.values()].filter(
    ({ id, givenByCaller, state }) =>
      !givenByCaller && state === ShareState.ACCEPTED && after.get(id)?.state === ShareState.ENDED,
  );
}

export interface WatchEvents {
  onMessage(message: WatchSharesResponse): void;
  /** Undefined: what was told last is current. */
  onCut(cut: Cut | undefined): void;
}

/** Watches until the signal ends it; starts over after each cut. */
export function watchShares(
  sharing: Pick<Client<typeof Sharing>, "watchShares">,
  tokens: TokenSource,
  events: WatchEvents,
  signal: AbortSignal,
): Promise<void> {
  return follow<WatchSharesResponse>(
    { open: (options) => sharing.watchShares({}, options), ...events },
    tokens,
    signal,
  );
}

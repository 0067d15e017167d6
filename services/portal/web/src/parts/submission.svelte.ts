// A form on its way to the server.

import { REASONS, refusalOf, type Refusal } from "../api/errors";
import { t } from "../i18n/i18n.svelte";

export class Submission {
  busy = $state(false);
  refusal = $state.raw<Refusal | undefined>(undefined);

  /** Runs the call, unless one is running; afterwards `refusal` says why it failed, if it did. */
  async run(call: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = undefined;
    try {
      await call();
    } catch (error) {
      this.refusal = refusalOf(error);
    } finally {
      this.busy = false;
    }
  }

  /** Words for a refusal with one of these reasons, or with any other than these. */
  words(which: { of: readonly string[] } | { notOf: readonly string[] }): string | undefined {
    const { refusal } = this;
    if (refusal === undefined) return undefined;
    const wanted =
      "of" in which ? which.of.includes(refusal.reason) : !which.notOf.includes(refusal.reason);
    return wanted ? wordsFor(refusal) : undefined;
  }
}

export function wordsFor({ reason, retryAfterS }: Refusal): string {
  const words = t().errors[reason];
  return retryAfterS === undefined ? words : `${words} ${t().retryIn(retryAfterS)}`;
}

/** Words for a reason that stands in an answer, and not in an error. */
export function wordsForReason(reason: string): string {
  return t().errors[REASONS.find((known) => known === reason) ?? "UNKNOWN"];
}

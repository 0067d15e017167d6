// A code on its way by e-mail, and when another one may be asked for.

import { identity } from "../api/clients";
import type { CodePurpose } from "../gen/sightline/identity/v1/identity_pb";
import { languageOnWire } from "../i18n/i18n.svelte";

export class MailedCode {
  readonly #purpose: CodePurpose;
  email = $state("");
  code = $state("");
  /** What the server said of the code that it sent; undefined until it sent one. */
  sent = $state.raw<{ validForS: number; until: Date } | undefined>(undefined);
  nextInS = $state(0);

  /** Belongs to the component that makes it. */
  constructor(purpose: CodePurpose) {
    this.#purpose = purpose;
    $effect(() => {
      if (this.nextInS === 0) return;
      const timer = setTimeout(() => (this.nextInS -= 1), 1000);
      return () => clearTimeout(timer);
    });
  }

  /** The address without what slipped in around it. */
  get address(): string {
    return this.email.trim();
  }

  async request(): Promise<void> {
    const { validForS, nextCodeInS } = await identity.requestCode({
      email: this.address,
      purpose: this.#purpose,
      language: languageOnWire(),
    });
    this.sent = { validForS, until: new Date(Date.now() + validForS * 1000) };
    this.nextInS = nextCodeInS;
  }

  /** Back to the address. */
  reset(): void {
    this.sent = undefined;
    this.code = "";
  }
}

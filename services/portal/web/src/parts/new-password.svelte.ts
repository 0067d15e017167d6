// A new password and its repetition, while they are typed.

import { checkPassword, isAcceptable } from "../pages/password";

export class NewPassword {
  password = $state("");
  repeated = $state("");
  /** The person thought they were done: what is missing is an error now. */
  strict = $state(false);
  readonly rules = $derived(checkPassword(this.password));
  readonly differs = $derived.by(() => {
    if (this.repeated === this.password) return false;
    return this.strict || (this.repeated !== "" && this.repeated.length >= this.password.length);
  });

  /** Whether it can be sent. */
  accept(): boolean {
    this.strict = true;
    return isAcceptable(this.rules) && this.repeated === this.password;
  }

  clear(): void {
    this.password = this.repeated = "";
    this.strict = false;
  }
}

// The password rules that can be checked without the server, which also knows common passwords.
// They are the ones of crates/domain/src/password.rs; both are tested with its cases.txt.

/** Characters. */
const LENGTH_MIN = 8;
const LENGTH_MAX = 256;

export interface PasswordRules {
  length: boolean;
  alphabet: boolean;
  mixed: boolean;
}

/** Which rules a password keeps. */
export function checkPassword(password: string): PasswordRules {
  return {
    length: password.length >= LENGTH_MIN && password.length <= LENGTH_MAX,
    // Printable ASCII without the space: English letters, digits and special characters.
    alphabet: /^[!-~]+$/.test(password),
    mixed: password !== "" && !/^[A-Za-z]*$/.test(password) && !/^[0-9]*$/.test(password),
  };
}

export function isAcceptable(rules: PasswordRules): boolean {
  return rules.length && rules.alphabet && rules.mixed;
}

// Words of signing in and of the account's own page.

import { plurals } from "./plural";

const plural = plurals("en");

export const account = {
  signIn: {
    title: "Sign in",
    ways: "How to sign in",
    byUser: "By user",
    byDevice: "By device",
    submit: "Sign in",
    rememberMe: "Remember me",
    forgotPassword: "Forgot password?",
    noAccount: "New here?",
    register: "Create an account",
    endedByAge: "You have not been here for long, so your session has ended. Sign in to go on.",
    endedByOthers:
      "Your session was ended from elsewhere: by signing it out there, or by a new password. Sign in to go on.",
    notMe: "Was it not you? Set a new password",
    toClaim: (id: string) => `Sign in to add the device ${id} to your account.`,
    byDeviceIntro:
      "Opens one device alone, with a user name and a password of the device itself. It needs no account.",
    deviceUser: "User name on the device",
    devicePassword: "Password on the device",
    deviceRefused:
      "The device did not let you in. Check the cloud ID, the user name and the password, and that the device is connected.",
    openDevice: "Open device",
  },

  mailedCode: {
    get: "Get code",
    validFor: (minutes: number, until: string) =>
      plural(minutes, {
        one: `It is valid for # minute, until ${until}.`,
        other: `It is valid for # minutes, until ${until}.`,
      }),
    changeEmail: "Change e-mail",
    code: "Code from the e-mail",
    resend: "Send again",
    resendIn: (seconds: number) =>
      plural(seconds, { one: "Send again in # s", other: "Send again in # s" }),
  },

  newPassword: {
    label: "New password",
    repeat: "Repeat the password",
    differs: "The passwords differ.",
    rules: {
      title: "The password",
      length: "has 8 characters or more",
      alphabet: "has only English letters, digits and special characters, no spaces",
      mixed: "is not letters only and not digits only",
    },
  },

  register: {
    title: "Create an account",
    intro: "We send a code to this address to make sure that it is yours.",
    sent: (email: string) => `The code is on its way to ${email}.`,
    submit: "Create account",
    haveAccount: "Have an account?",
  },

  forgotPassword: {
    title: "Forgotten password",
    intro: "We send a code to the address of your account. With it you set a new password.",
    sent: (email: string) => `If ${email} has an account, the code is on its way there.`,
    submit: "Set new password",
    remembered: "Remembered it?",
    done: "Your password is changed",
    doneHint: "The account is signed out everywhere. Sign in with the new password.",
  },

  account: {
    menu: "Account",
    profile: "Profile",
    signOut: "Sign out",
    deviceUser: (user: string, device: string) => `${user} on the device ${device}`,
    deviceGone: "The device has a new owner, or none, so this sign-in no longer opens it.",
  },

  profile: {
    title: "Profile",
    since: (day: string) => `Account since ${day}`,
    password: "Change password",
    passwordHint: "A new password signs you out everywhere else.",
    current: "Current password",
    change: "Change password",
    changed: "The password is changed. You are signed out everywhere else.",
    wrongCurrent: "This is not your current password.",
    sessions: "Where you are signed in",
    sessionsHint: "If you do not recognise a place, sign it out and change your password.",
    loading: "Loading your sessions",
    here: "This browser",
    unknownProgram: "Unknown program",
    agent: (program: string, system: string) => `${program} on ${system}`,
    lastUsed: (ago: string) => `used ${ago}`,
    begun: (day: string) => `signed in ${day}`,
    end: "Sign out",
    endOthers: "Sign out everywhere else",
    nowhereElse: "You are signed in nowhere else.",
    ended: (n: number) => plural(n, { one: "# session ended.", other: "# sessions ended." }),
    retry: "Try again",
  },
};

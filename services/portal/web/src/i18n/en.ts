import type { Reason } from "../api/errors";
import { account } from "./account.en";
import { manage } from "./manage.en";
import { plurals } from "./plural";
import { sharing } from "./sharing.en";

const plural = plurals("en");

const errors: Record<Reason | "UNKNOWN", string> = {
  INVALID_EMAIL: "This does not look like an e-mail address.",
  WEAK_PASSWORD: "This password is too easy to guess. Choose another one.",
  WRONG_CODE: "The code is wrong. Compare it with the last e-mail.",
  CODE_EXPIRED: "The code is no longer valid. Ask for a new one.",
  MAIL_FAILED: "The e-mail could not be sent. Check the address, or try again later.",
  WRONG_CREDENTIALS: "The e-mail or the password is wrong.",
  WRONG_PASSWORD: "The password is wrong.",
  TOO_MANY_ATTEMPTS: "Too many attempts.",
  BUSY: "The server has a lot to do at this moment. Try again.",
  ACCOUNT_EXISTS: "This e-mail already has an account. Sign in instead.",
  INVALID_DEVICE_ID: "This cloud ID has a typing mistake. Compare it with the device.",
  DEVICE_NOT_FOUND: "There is no such device among those that you may see.",
  DEVICE_OFFLINE:
    "The device is not connected. Check its power, its network and that its cloud function is on.",
  DEVICE_OWNED:
    "The device already has an owner. It can be added only after they delete it from their account.",
  DEVICE_ALREADY_YOURS: "This device is in your account already.",
  TOO_MANY_DEVICES: "Your account has as many devices as it can hold.",
  WRONG_VERIFICATION_CODE: "The verification code is wrong. Compare it with the device.",
  INVALID_NAME: "A name has 1 to 64 characters.",
  SIGN_IN_REQUIRED: "Your session has ended. Sign in again.",
  TOKEN_EXPIRED: "Your session has ended. Sign in again.",
  SESSION_ENDED: "Your session has ended. Sign in again.",
  SESSION_NOT_FOUND: "This session has ended already.",
  ACCOUNT_NEEDED: "This needs an account. You are signed in to one device.",
  UNAVAILABLE: "The server cannot be reached. Check your connection and try again.",
  UNKNOWN: "Something went wrong. Try again in a moment.",
};

export const en = {
  languageName: "English",
  tagline: "Your cameras, in plain sight",
  pitch: "Watch every camera live from anywhere. No port forwarding, no plug-ins.",
  language: "Language",
  close: "Close",
  back: "Back",
  cancel: "Cancel",
  next: "Next",
  retryIn: (seconds: number) =>
    plural(seconds, { one: "Try again in # second.", other: "Try again in # seconds." }),
  errors,

  email: "E-mail",
  password: "Password",
  showPassword: "Show password",
  hidePassword: "Hide password",
  required: "Fill this in.",

  ...account,

  devices: {
    title: "My devices",
    count: (n: number) => plural(n, { one: "# device", other: "# devices" }),
    online: (n: number) => plural(n, { other: "# online" }),
    channels: (n: number) => plural(n, { one: "# channel", other: "# channels" }),
    add: "Add device",
    loading: "Loading your devices",
    reconnecting: "No connection to the server. Trying again…",
    status: { online: "Online", offline: "Offline" },
    lastSeen: (ago: string) => `seen ${ago}`,
    cloudId: "Cloud ID",
    copy: "Copy the cloud ID",
    copied: "Copied",
    empty: {
      title: "Add your first device",
      intro: "A recorder or camera connects to the cloud by itself. All you need is what it shows.",
      steps: [
        "Turn the cloud function on in the device's network settings and wait for “Connected”.",
        "Note its cloud ID and verification code, or scan its QR code with your phone.",
        "Enter them here. The device is yours from then on.",
      ],
    },
  },

  manage,
  sharing,

  claim: {
    title: "Add a device",
    step: (step: number, of: number) => `Step ${step} of ${of}`,
    idHint: "On the device's label, or in its network settings. The QR code holds it too.",
    found: "Connected and free",
    kind: { nvr: "Network video recorder", camera: "IP camera", device: "Device" },
    name: "Name",
    nameHint: "However you call the place: “Workshop”, “Front door”.",
    defaultName: { nvr: "Recorder", camera: "Camera", device: "Device" },
    code: "Verification code",
    codeHint: "The device checks it, so that nobody else can add it.",
    submit: "Add device",
    otherDevice: "Another device",
  },

  device: {
    missing: "There is no such device in your account.",
    noChannels: "The device has not told its channels yet.",
    channel: (n: number) => `Channel ${n}`,
    open: (name: string) => `Open ${name}`,
    previous: "Previous channel",
    nextChannel: "Next channel",
    sound: "Turn sound on",
    mute: "Turn sound off",
    soundRefused: "The browser wants a click before it plays sound.",
    snapshot: "Save a snapshot",
    snapshotSaved: "Snapshot saved",
    snapshotFailed: "No snapshot could be taken.",
    fullScreen: "Full screen",
    leaveFullScreen: "Leave full screen",
  },

  live: {
    live: "Live",
    behind: (seconds: string) => `${seconds} s`,
    behindTitle: "How far the picture is behind the newest one that arrived",
    connecting: "Connecting",
    reconnecting: "Connection lost. Reconnecting…",
    deviceOffline: "Device is offline",
    cameraOffline: "Camera does not answer",
    resumes: "The picture comes back by itself.",
    unsupported: "This browser cannot play the stream",
    unsupportedHint: (codecs: string) =>
      `Format: ${codecs}. Try another browser, or set the camera to H.264.`,
    ended: "Access has ended",
    endedHint: "The owner has ended or changed it, or its time has run out.",
    outsideHours: "Not at these hours",
    opens: (moment: string) => `You may watch again: ${moment}.`,
    outsideHoursHint: "You may watch this channel at other hours.",
    limit: "Too many viewers",
    limitHint: "The server takes no more for now. We try again by ourselves.",
    skipped: (n: number) => plural(n, { one: "# frame skipped", other: "# frames skipped" }),
    substituted: "Small picture: this browser cannot play the main stream",
  },
};

export type Dictionary = typeof en;

// What a program's `User-Agent` says of it, for a list of sessions.

/** In this order: most browsers name others too, for the sake of old pages. */
const PROGRAMS: [RegExp, string][] = [
  [/\bYaBrowser\//, "Yandex Browser"],
  [/\b(?:OPR|Opera)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

export interface Agent {
  program: string;
  /** Missing when the text does not tell. */
  system?: string;
}

/** Undefined for an empty text; the text itself for a program that is no known browser. */
export function agentOf(text: string): Agent | undefined {
  const words = text.trim();
  if (words === "") return undefined;
  const find = (list: [RegExp, string][]) => list.find(([mark]) => mark.test(words))?.[1];
  const program = find(PROGRAMS) ?? words;
  const system = program === words ? undefined : find(SYSTEMS);
  return system === undefined ? { program } : { program, system };
}

// The language of the page: chosen once, kept in the browser.

import { Language } from "../gen/sightline/identity/v1/identity_pb";
import { en, type Dictionary } from "./en";
import { ru } from "./ru";

const dictionaries = { en, ru } satisfies Record<string, Dictionary>;

export type LanguageCode = keyof typeof dictionaries;

export const languages = Object.keys(dictionaries) as LanguageCode[];

const KEY = "sightline.language";

let code = $state<LanguageCode>(remembered() ?? preferred());

/** Words of the current language; reactive in templates and effects. */
export function t(): Dictionary {
  return dictionaries[code];
}

export function languageCode(): LanguageCode {
  return code;
}

export function setLanguage(next: LanguageCode): void {
  code = next;
  localStorage.setItem(KEY, next);
}

export function nameOf(language: LanguageCode): string {
  return dictionaries[language].languageName;
}

/** For mails. */
export function languageOnWire(): Language {
  return { en: Language.ENGLISH, ru: Language.RUSSIAN }[code];
}

function remembered(): LanguageCode | undefined {
  const stored = localStorage.getItem(KEY);
  return languages.find((language) => language === stored);
}

function preferred(): LanguageCode {
  for (const tag of navigator.languages) {
    const found = languages.find((language) => tag.toLowerCase().startsWith(language));
    if (found !== undefined) return found;
  }
  return "en";
}

/** Words of one thing in the plural categories of a language (Unicode CLDR). */
export type Forms = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

/** Chooses a form by the language's rules and puts the number in for `#`. */
export function plurals(language: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const digits = new Intl.NumberFormat(language);
  return (count, forms) => {
    const form = forms[rules.select(count)] ?? forms.other;
    return form.replace("#", digits.format(count));
  };
}

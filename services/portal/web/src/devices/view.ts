// How the person wants to see the list of devices: kept in the browser.

export type View = "cards" | "table";

export const PAGE_SIZES = [12, 24, 48, 96] as const;

const VIEW_KEY = "sightline.devices.view";
const SIZE_KEY = "sightline.devices.page-size";

/** Undefined as long as nobody has chosen. */
export function keptView(): View | undefined {
  const kept = localStorage.getItem(VIEW_KEY);
  return kept === "cards" || kept === "table" ? kept : undefined;
}

export function keepView(view: View): void {
  localStorage.setItem(VIEW_KEY, view);
}

export function keptPageSize(): number {
  const kept = Number(localStorage.getItem(SIZE_KEY));
  return PAGE_SIZES.find((size) => size === kept) ?? PAGE_SIZES[1];
}

export function keepPageSize(size: number): void {
  localStorage.setItem(SIZE_KEY, String(size));
}

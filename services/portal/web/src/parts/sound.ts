// Whether the person wants to hear the channel that they look at: kept in the browser.

const KEY = "sightline.sound";

export function wantsSound(): boolean {
  return localStorage.getItem(KEY) !== "off";
}

export function keepWantsSound(wanted: boolean): void {
  localStorage.setItem(KEY, wanted ? "on" : "off");
}

// The dialog that is open, if any: asked for by lists, cards and pages, shown by `Dialogs`.

import type { Device } from "../gen/sightline/registry/v1/registry_pb";
import type { Share } from "../gen/sightline/sharing/v1/sharing_pb";

export type Asked =
  | { what: "rename"; device: Device }
  | { what: "delete"; device: Device }
  /** The Share window of a device, at the share to edit if there is one. */
  | { what: "share"; device: Device; edit?: Share }
  | { what: "revoke"; share: Share }
  | { what: "give-back"; share: Share };

let asked = $state.raw<Asked | undefined>(undefined);

export function askedDialog(): Asked | undefined {
  return asked;
}

export function ask(dialog: Asked): void {
  asked = dialog;
}

export function closeDialog(): void {
  asked = undefined;
}

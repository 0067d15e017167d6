// The session's state for components.

import { session } from "../api/clients";

let state = $state.raw(session.state);

session.onState((next) => (state = next));

export function sessionState() {
  return state;
}

/** Whether somebody is signed in to one device alone: there is no list to go back to. */
export function isAtOneDevice(): boolean {
  return state.kind === "signed-in" && state.principal.kind === "device-user";
}

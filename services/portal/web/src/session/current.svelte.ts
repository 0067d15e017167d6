// The session's state for components.

import { session } from "../api/clients";

let state = $state.raw(session.state);

session.onState((next) => (state = next));

export function sessionState() {
  return state;
}

import { session } from "../api/clients";
import { goTo, paths } from "../router.svelte";

/** Signs the person out here. Whoever signs in next does not begin where this one stopped. */
export function signOut(): void {
  void session.signOut();
  goTo(paths.signIn, "replace");
}

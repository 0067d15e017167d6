// The services of the cloud over gRPC-Web, on the origin that the page came from.

import { createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { Identity } from "../gen/sightline/identity/v1/identity_pb";
import { Registry } from "../gen/sightline/registry/v1/registry_pb";
import { Sharing } from "../gen/sightline/sharing/v1/sharing_pb";
import { browserRun } from "../session/browser-run";
import { SessionNote } from "../session/note";
import { Session } from "../session/session";
import { DatabaseSessionStore } from "../session/store";
import { withAccessToken } from "./authorization";

/** Longest wait for an answer: a claim asks the device, over whatever link it has. */
const CALL_TIMEOUT_MS = 20_000;

function transport(interceptors: Interceptor[]) {
  return createGrpcWebTransport({
    baseUrl: location.origin,
    defaultTimeoutMs: CALL_TIMEOUT_MS,
    interceptors,
  });
}

/** For calls that need nobody signed in. */
export const identity = createClient(Identity, transport([]));

export const session = new Session(
  identity,
  new DatabaseSessionStore(),
  new SessionNote(localStorage, browserRun),
  navigator.locks,
);

const signedIn = transport([withAccessToken(session)]);

/** For calls of the account that is signed in. */
export const account = createClient(Identity, signedIn);
export const registry = createClient(Registry, signedIn);
export const sharing = createClient(Sharing, signedIn);

import type { Interceptor } from "@connectrpc/connect";
import type { TokenSource } from "../session/token-source";
import { isTokenRefused } from "./errors";

/** Sends the access token with each call, and tries once more with a fresh one when it is refused. */
export function withAccessToken(tokens: TokenSource): Interceptor {
  return (next) => async (request) => {
    request.header.set("authorization", `Bearer ${await tokens.accessToken()}`);
    try {
      return await next(request);
    } catch (error) {
      // A stream's messages may have been read already; its caller opens it anew.
      if (request.stream || !isTokenRefused(error)) throw error;
      request.header.set("authorization", `Bearer ${await tokens.accessToken(true)}`);
      return next(request);
    }
  };
}

/** Where access tokens come from, for calls and for live views. */
export interface TokenSource {
  /** A token that is still good; `fresh` asks for one newer than the last. Rejects when nobody is
   * signed in, and when the server cannot be reached. */
  accessToken(fresh?: boolean): Promise<string>;
  /** Calls back with each newer token until the returned function is called. */
  onToken(listener: (token: string) => void): () => void;
}

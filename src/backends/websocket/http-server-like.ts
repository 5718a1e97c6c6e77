/**
 * What the backend needs of an HTTP server: `http.Server` and `https.Server` have it. Spelt out here so that this package's
 * types need those of no other.
 */
export interface HttpServerLike {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): boolean;
  listenerCount(event: string): number;
}

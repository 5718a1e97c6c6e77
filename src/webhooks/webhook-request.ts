/** A webhook as it came in, before anything of it is believed. */
export interface WebhookRequest {
  /** As those of a web `Request`: names in any case. */
  readonly headers: { get(name: string): string | null };
  /** The body to the byte: signatures are over it, and JSON that was parsed and written again is another text. */
  readonly rawBody: Uint8Array;
}

import type { ByteStream } from '../web/body.js';

/** Headers as web standards, Node and frameworks have them: `Headers`, or an object whose names are in any case. */
export type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A web `Request`, as Fetch handlers get it. */
export interface WebRequestLike {
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly body: ByteStream | null;
  readonly bodyUsed: boolean;
}

/**
 * A request of `node:http` or of a framework on it. What a body parser left is taken: `rawBody`, or `body` where it is a text or
 * bytes; otherwise the stream is read.
 */
export interface NodeRequestLike {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  on(event: string, listener: (value: unknown) => void): unknown;
  resume?(): unknown;
  readonly readableEnded?: boolean;
  readonly readableDidRead?: boolean;
  readonly destroyed?: boolean;
  readonly rawBody?: unknown;
  readonly body?: unknown;
}

/** A webhook whose body has been read already. */
export interface RawWebhook {
  readonly headers: HeadersLike;
  /** The body as it came, to the byte. */
  readonly rawBody: string | Uint8Array;
}

/** What `webhook` takes. */
export type WebhookSource = WebRequestLike | NodeRequestLike | RawWebhook;

/** A webhook as it came in, before anything of it is believed. */
export interface WebhookRequest {
  /** As those of a web `Request`: names in any case. */
  readonly headers: { get(name: string): string | null };
  /** The body to the byte: signatures are over it, and JSON that was parsed and written again is another text. */
  readonly rawBody: Uint8Array;
}

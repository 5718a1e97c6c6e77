import type { ByteStream } from '../web/body.js';

/** The headers of any framework: a `Headers` object, or a plain object. The case of names does not matter. */
export type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A web `Request`. */
export interface WebRequestLike {
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly body: ByteStream | null;
  readonly bodyUsed: boolean;
}

/**
 * A request of `node:http`, or of a framework that uses it. The body is `rawBody` if it is set, else `body` if that is
 * a string or bytes, else the stream.
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

/** A webhook with a body that has been read already. */
export interface RawWebhook {
  readonly headers: HeadersLike;
  /** The unchanged body, as a string or bytes. */
  readonly rawBody: string | Uint8Array;
}

/** The request that `PushService.webhook` takes. */
export type WebhookSource = WebRequestLike | NodeRequestLike | RawWebhook;

/** The headers of a webhook. */
export interface WebhookHeaders {
  /** Returns a header, or null. The case of its name does not matter. */
  get(name: string): string | null;
}

/** A webhook that has been read, but not verified. */
export interface WebhookRequest {
  readonly headers: WebhookHeaders;
  /** The exact bytes of the body, which signatures cover. JSON that was parsed and written again may differ. */
  readonly rawBody: Uint8Array;
}

import type { ServerResponse } from 'node:http';

/** What the provider answers; an object as `body` is sent as JSON. */
export interface ProviderAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Sends an answer as it is. */
export function respond({ status = 200, headers = {}, body }: ProviderAnswer, response: ServerResponse): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

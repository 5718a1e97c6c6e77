import type { ServerResponse } from 'node:http';

/** Answers a request of HTTP with a text; a `HEAD`, without it. Does nothing when the client has gone. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), ...headers });
  response.end(text);
}

import type { IncomingMessage } from 'node:http';
import { httpBodyRules } from '../../../http-body-rules.js';
import { readNodeStream } from '../../../read-node-stream.js';

/**
 * Reads a request's body, up to a size and within a time.
 * @throws HttpError 413 as soon as it is known to be too large, 408 when it takes too long, 400 when it breaks off
 */
export async function readBody(request: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  const rules = httpBodyRules(maxBytes, timeoutMs);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw rules.tooLarge(maxBytes);
  return readNodeStream(request, rules);
}

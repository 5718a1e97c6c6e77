import { createHash } from 'node:crypto';
import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import { requestText, sign } from '../../../src/pusher-protocol/signature.js';
import { credentials, portOf } from './server.js';

export interface Call {
  method?: string;
  path: string;
  parameters?: Record<string, string>;
  body?: unknown;
  /** Changes the query after it has been signed. */
  tamper?: (query: URLSearchParams) => void;
  key?: string;
  secret?: string;
  timestamp?: number;
}

/** Signs and sends a request as Pusher's documentation describes it. */
export async function call(
  service: WebSocketService,
  { method = 'GET', path, parameters = {}, body, tamper, ...as }: Call,
): Promise<{ status: number; text: string; json: unknown; headers: Headers }> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const query = new URLSearchParams({
    ...parameters,
    auth_key: as.key ?? 'key',
    auth_timestamp: String(as.timestamp ?? Math.floor(Date.now() / 1000)),
    auth_version: '1.0',
    ...(text !== undefined && { body_md5: createHash('md5').update(text).digest('hex') }),
  });
  query.set('auth_signature', sign(requestText(method, path, query), as.secret ?? credentials.secretKey));
  tamper?.(query);
  const url = `http://127.0.0.1:${portOf(service)}${path}?${query}`;
  const response = await fetch(url, { method, ...(text !== undefined && { body: text }) });
  const answer = await response.text();
  return {
    status: response.status,
    text: answer,
    json: response.status === 200 ? JSON.parse(answer) : undefined,
    headers: response.headers,
  };
}

export const events: { method: string; path: string } = { method: 'POST', path: '/apps/app/events' };
export const event: { name: string; channels: string[]; data: string } = {
  name: 'x',
  channels: ['a'],
  data: '{"n":1}',
};

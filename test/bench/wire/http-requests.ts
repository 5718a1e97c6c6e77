import { createHmac } from 'node:crypto';
import Pusher from 'pusher';
import { eventData } from '../processes/server-commands.ts';

/** The key, the secret and the application's id of the benchmarks. */
const NAME = 'bench';
const SECRET = 'bench-secret';
const pusher = new Pusher({ appId: NAME, key: NAME, secret: SECRET, host: '127.0.0.1' });

/** A kind of requests, of which every one differs. */
export type RequestKind = 'event' | 'webhook' | 'webhookOfTen' | 'subscription';

/** Makes the whole text of a request; the number tells it from others of its kind. */
export const requestsOf: Readonly<Record<RequestKind, (number: number) => string>> = {
  /** An event with 100 bytes of data, as the `pusher` package sends it. */
  event(number) {
    const body = JSON.stringify({ name: NAME, data: JSON.stringify({ number, ...eventData(100) }), channels: [NAME] });
    const path = `/apps/${NAME}/events`;
    const query = pusher.createSignedQueryString({ method: 'POST', path, body });
    return post(`${path}?${query}`, { 'x-pusher-library': 'pusher-http-node 5.3.4' }, 'application/json', body);
  },
  /** A webhook with one event, as Pusher sends it. */
  webhook: (number) => webhook(number, 1),
  /** A webhook with ten events. */
  webhookOfTen: (number) => webhook(number, 10),
  /** A page's request to subscribe to a private channel, as `pusher-js` sends it from the own origin. */
  subscription(number) {
    const body = new URLSearchParams({ socket_id: `${number}.${number}`, channel_name: `private-${number}` });
    const page = { Origin: 'http://127.0.0.1', 'Sec-Fetch-Site': 'same-origin', Cookie: 'session=0123456789abcdef' };
    return post('/auth', page, 'application/x-www-form-urlencoded', body.toString());
  },
};

function webhook(number: number, events: number): string {
  const names = Array.from({ length: events }, (_, index) => `private-${number}-${index}`);
  const body = JSON.stringify({
    time_ms: Date.now(),
    events: names.map((channel) => ({ name: 'channel_occupied', channel })),
  });
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const headers = { 'X-Pusher-Key': NAME, 'X-Pusher-Signature': signature };
  return post('/webhook', headers, 'application/json', body);
}

function post(address: string, headers: Readonly<Record<string, string>>, type: string, body: string): string {
  const lines = Object.entries({
    Host: '127.0.0.1',
    'User-Agent': 'bench',
    Accept: '*/*',
    'Accept-Encoding': 'gzip, deflate, br',
    'Content-Type': type,
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return `POST ${address} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

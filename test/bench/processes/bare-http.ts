import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../support/ports.ts';
import { answer } from './answer.ts';
import { cpuSeconds } from './usage.ts';

/** A server that answers HTTP. */
export interface HttpServerCommands {
  /** Listens on a free port of 127.0.0.1 and returns it. */
  listen(): Promise<number>;
  cpuSeconds(): number;
}

const SECRET = 'bench-secret';

function isSame(found: string, expected: string): boolean {
  return found.length === expected.length && timingSafeEqual(Buffer.from(found), Buffer.from(expected));
}

function hmac(text: string | Buffer): string {
  return createHmac('sha256', SECRET).update(text).digest('hex');
}

/** Takes an event as Pusher's HTTP API: checks the MD5 of the body and the HMAC of the address. */
function takeEvent({ method, url = '' }: IncomingMessage, body: Buffer): object | undefined {
  const [path, query = ''] = url.split('?');
  const pairs = query.split('&');
  const parameter = (name: string): string => pairs.find((pair) => pair.startsWith(name))?.slice(name.length) ?? '';
  const signed = pairs.filter((pair) => !pair.startsWith('auth_signature=')).sort();
  if (!isSame(parameter('auth_signature='), hmac(`${method}\n${path}\n${signed.join('&')}`))) return undefined;
  return isSame(parameter('body_md5='), createHash('md5').update(body).digest('hex')) ? {} : undefined;
}

/** Takes a webhook of Pusher: checks its HMAC, and reads its events. */
function takeWebhook({ headers }: IncomingMessage, body: Buffer): object | undefined {
  if (!isSame(String(headers['x-pusher-signature']), hmac(body))) return undefined;
  const { events } = JSON.parse(body.toString()) as { events: readonly { name: string }[] };
  return events.every(({ name }) => name !== '') ? {} : undefined;
}

/** Signs a subscription. */
function authorize(_request: IncomingMessage, body: Buffer): object {
  const form = new URLSearchParams(body.toString());
  return { auth: `bench:${hmac(`${form.get('socket_id')}:${form.get('channel_name')}`)}` };
}

const routes: Readonly<Record<string, (request: IncomingMessage, body: Buffer) => object | undefined>> = {
  '/apps/bench/events': takeEvent,
  '/webhook': takeWebhook,
  '/auth': authorize,
};

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const path = request.url?.split('?')[0] ?? '';
    const result = routes[path]?.(request, Buffer.concat(chunks));
    const text = JSON.stringify(result ?? { error: 'refused' });
    response.writeHead(result === undefined ? 401 : 200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  });
});

// Longer than the clients of one contestant wait while the others are measured.
server.keepAliveTimeout = 300_000;
answer<HttpServerCommands>({ listen: () => listen(server), cpuSeconds });

import { createHash, createHmac } from 'node:crypto';
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { Client, type ClientOptions } from '../../server/support/client.js';
import { newServer } from '../../support/nodes/nodes.js';

/** The credentials of the documents' worked examples. */
export const app = { appId: '3', pubKey: '278d425bdf160c739803', secretKey: '7ad3773142a6692b25b8' } as const;

const defaults: WebSocketOptions = { port: 0, host: '127.0.0.1', closeTimeoutMs: 200 };

/** A server of which no more than its address is needed. */
export type Listening = Pick<WebSocketService, 'address'>;

/** Starts a server for all tests of a file. @returns a function that returns it */
export function sharedServer(options: WebSocketOptions = {}): () => WebSocketService {
  let service: WebSocketService;
  beforeAll(async () => {
    service = await newServer(app, { ...defaults, ...options });
    await service.open();
  });
  afterAll(() => service.close());
  return () => service;
}

/** Starts a server for one test. */
export async function serverWith(options: WebSocketOptions): Promise<WebSocketService> {
  const service = await newServer(app, { ...defaults, ...options });
  onTestFinished(() => service.close());
  await service.open();
  return service;
}

/** A bare WebSocket to a server, which may refuse it. It is closed at the end of the test. */
export function open(service: Listening, options: ClientOptions = {}): Client {
  const client = new Client(service, { key: app.pubKey, ...options });
  onTestFinished(() => client.socket.terminate());
  return client;
}

/** A bare WebSocket that the server has let in. */
export async function connect(service: Listening, options: ClientOptions = {}): Promise<Client> {
  const client = open(service, options);
  client.socketId = String(client.dataOf(await client.next('pusher:connection_established'))['socket_id']);
  return client;
}

/** HMAC SHA256 as hex, as an application's server makes it. */
export function hmac(signed: string): string {
  return createHmac('sha256', app.secretKey).update(signed).digest('hex');
}

/** The data of a subscription that the application allows. @param channelData the member's JSON */
export function grant({ socketId }: Client, channel: string, channelData?: string): object {
  if (channelData === undefined) return { auth: `${app.pubKey}:${hmac(`${socketId}:${channel}`)}` };
  return { auth: `${app.pubKey}:${hmac(`${socketId}:${channel}:${channelData}`)}`, channel_data: channelData };
}

/** Subscribes to a presence channel as a user. @returns the data of the answer */
export function join(client: Client, channel: string, userId: unknown, info?: unknown): Promise<unknown> {
  return client.subscribe(channel, grant(client, channel, JSON.stringify({ user_id: userId, user_info: info })));
}

/** The data of a sign-in that the application allows. */
export function userGrant({ socketId }: Client, user: object): { auth: string; user_data: string } {
  const userData = JSON.stringify(user);
  return { auth: `${app.pubKey}:${hmac(`${socketId}::user::${userData}`)}`, user_data: userData };
}

export async function signIn(client: Client, id: string, info?: object): Promise<void> {
  client.send('pusher:signin', userGrant(client, { id, user_info: info }));
  await client.next('pusher:signin_success');
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST';
  /** The part after `/apps/APPID`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Parameters in place of those that are sent otherwise; undefined leaves one out. They are signed. */
  readonly auth?: Readonly<Record<string, string | undefined>>;
  /** In place of the right signature. */
  readonly signature?: string;
  readonly appId?: string;
  readonly agent?: Agent;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The JSON of a success. */
  readonly json: unknown;
  readonly reusedSocket: boolean;
}

/** Makes a request to the HTTP API, signed as in "Generating authentication signatures". */
export async function api(service: Listening, call: ApiRequest): Promise<ApiAnswer> {
  const { method = 'GET', path, query = {}, body, auth = {}, appId = app.appId, agent } = call;
  const payload = body === undefined ? '' : JSON.stringify(body);
  const parameters = Object.entries({
    ...query,
    auth_key: app.pubKey,
    auth_timestamp: String(Math.floor(Date.now() / 1000)),
    auth_version: '1.0',
    ...(payload !== '' && { body_md5: createHash('md5').update(payload).digest('hex') }),
    ...auth,
  }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const whole = `/apps/${appId}${path}`;
  const signed = parameters
    .map(([name, value]) => `${name.toLowerCase()}=${value}`)
    .sort()
    .join('&');
  const { signature = hmac(`${method}\n${whole}\n${signed}`) } = call;
  const sent = new URLSearchParams([...parameters, ['auth_signature', signature]]);
  return send(service, { method, target: `${whole}?${sent}`, payload, ...(agent !== undefined && { agent }) });
}

/** Sends a request whose address is written out. */
export async function send(
  service: Listening,
  { method, target, payload, agent }: { method: string; target: string; payload: string; agent?: Agent },
): Promise<ApiAnswer> {
  const { port } = service.address ?? {};
  const headers = payload === '' ? {} : { 'Content-Type': 'application/json' };
  let reusedSocket = false;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sending = request({ host: '127.0.0.1', port, method, path: target, headers, agent }, (incoming) => {
      ({ reusedSocket } = sending);
      resolve(incoming);
    });
    sending.on('error', reject).end(payload);
  });
  const body = await text(answer);
  const status = answer.statusCode ?? 0;
  return {
    status,
    headers: answer.headers,
    text: body,
    json: status === 200 ? JSON.parse(body) : undefined,
    reusedSocket,
  };
}

/** Triggers an event as an application's server does. */
export async function trigger(service: Listening, channels: string[], name: string, data: string): Promise<void> {
  const { status, text: problem } = await api(service, {
    method: 'POST',
    path: '/events',
    body: { name, channels, data },
  });
  if (status !== 200) throw new Error(`The event was answered with ${status}: ${problem}`);
}

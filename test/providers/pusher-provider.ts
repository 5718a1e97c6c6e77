import { createHash, createHmac } from 'node:crypto';
import { Agent } from 'node:https';
import type { PusherOptions } from '../../src/backends/pusher/index.js';
import type { ProviderAnswer } from './provider-answer.js';
import { certificate, type ProviderRequest, ProviderServer } from './provider-server.js';
import { guessed, pusherAnswers } from './recorded-answers.js';

/** An event that the provider accepted, for one channel. */
interface ReceivedEvent {
  readonly channel: string;
  readonly event: string;
  /** Read as JSON; that of an encrypted channel as it came. */
  readonly data: unknown;
  readonly except?: string;
}

/** What a service on this provider is configured with. */
interface PusherProviderSettings {
  readonly backend: 'pusher';
  readonly appId: string;
  readonly pubKey: string;
  readonly secretKey: string;
  readonly useSsl: boolean;
  readonly options: PusherOptions;
}

/**
 * A local server that behaves like the Pusher Channels HTTP API. `recorded-answers.ts` tells where the forms of its
 * answers come from.
 */
export interface PusherProvider {
  readonly server: ProviderServer;
  /** To be spread into `createPushService`. */
  readonly settings: PusherProviderSettings;
  /** What was accepted, in order. */
  readonly received: ReceivedEvent[];
  /** Ids of the users whose connections were closed. */
  readonly terminated: string[];
  /** Texts that must never show. */
  readonly secrets: readonly string[];
  /** Whether subscription counting is switched on, which it is not at first on a real application. */
  countsSubscriptions: boolean;
  close(): Promise<void>;
}

const appId = '12345';
const pubKey = '278d425bdf160c739803';
const secretKey = '7ad3773142a6692b25b8';
const masterKey = Buffer.from('0123456789abcdef0123456789ABCDEF').toString('base64');

const MAX_DATA_BYTES = 10_240;
const MAX_CHANNELS = 100;
const MAX_EVENTS = 10;

/** Refused, with the reason as the body, or with a recorded answer. */
class Refusal extends Error {
  readonly answer: ProviderAnswer;

  constructor(answer: ProviderAnswer) {
    super('refused');
    this.answer = answer;
  }
}

/** A refusal in Pusher's form, a line of text, with words of our own. */
function refusal(status: number, reason: string): Refusal {
  return new Refusal(guessed({ status, headers: { 'content-type': 'text/plain' }, body: `${reason}\n` }));
}

/**
 * @param options `tls`: speak HTTPS; the settings have an agent that trusts its certificate; `received`: the list of what
 * was accepted, where another provider has the same
 */
export async function startPusherProvider(
  options: { tls?: boolean; received?: ReceivedEvent[] } = {},
): Promise<PusherProvider> {
  const { received = [] } = options;
  const terminated: string[] = [];
  const behaviour = (request: ProviderRequest): ProviderAnswer => {
    try {
      const path = authenticated(request);
      if (!provider.countsSubscriptions) refuseCounting(request);
      return { body: answer(request, path, received, terminated) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.answer;
    }
  };
  const server = await ProviderServer.start(behaviour, options);
  const agent = options.tls ? new Agent({ keepAlive: true, ca: certificate }) : undefined;
  const provider: PusherProvider = {
    server,
    received,
    terminated,
    countsSubscriptions: true,
    settings: {
      backend: 'pusher',
      appId,
      pubKey,
      secretKey,
      useSsl: options.tls ?? false,
      options: {
        host: '127.0.0.1',
        port: server.port,
        encryptionMasterKeyBase64: masterKey,
        ...(agent !== undefined && { agent }),
      },
    },
    secrets: [secretKey, masterKey, Buffer.from(masterKey, 'base64').toString(), 'auth_signature='],
    async close() {
      agent?.destroy();
      await server.close();
    },
  };
  return provider;
}

/** Refuses a request that asks for subscription counts, in the query or in the body. */
function refuseCounting({ query, body }: ProviderRequest): void {
  if (query.get('info')?.includes('subscription_count') || /"info":"[^"]*subscription_count/.test(body))
    throw new Refusal(pusherAnswers.countingOff);
}

/** Checks a request's signature. @returns the path below the application's, decoded */
function authenticated({ method, path, query, body }: ProviderRequest): string {
  const plain = decodeURIComponent(path);
  if (!plain.startsWith(`/apps/${appId}/`)) throw refusal(404, 'Unknown app');
  if (query.get('auth_key') !== pubKey) throw new Refusal(pusherAnswers.unknownKey);
  if (query.get('auth_version') !== '1.0') throw refusal(401, 'Unsupported auth_version');
  if (Math.abs(Number(query.get('auth_timestamp')) - Date.now() / 1000) > 600) throw refusal(401, 'Timestamp expired');
  if (body !== '' && query.get('body_md5') !== createHash('md5').update(body).digest('hex'))
    throw refusal(401, 'Invalid body_md5');
  const pairs = [...query].filter(([key]) => key !== 'auth_signature').sort(([a], [b]) => (a < b ? -1 : 1));
  const text = [method, plain, pairs.map((pair) => pair.join('=')).join('&')].join('\n');
  const signature = createHmac('sha256', secretKey).update(text).digest('hex');
  if (query.get('auth_signature') !== signature) {
    // The service quotes what it got.
    const { wrongSignature } = pusherAnswers;
    const sent = `"${query.get('auth_signature')}"`;
    const body = `Invalid signature: you should have sent HmacSHA256Hex(${JSON.stringify(text)}, your_secret_key), but you sent ${sent}\n`;
    throw new Refusal({ ...wrongSignature, body });
  }
  return plain.slice(`/apps/${appId}`.length);
}

function answer(
  { method, query, body }: ProviderRequest,
  path: string,
  received: ReceivedEvent[],
  terminated: string[],
): object {
  const [, channel, users] = /^\/channels\/([^/]+)(\/users)?$/.exec(path) ?? [];
  const [, user] = /^\/users\/(.+)\/terminate_connections$/.exec(path) ?? [];
  if (method === 'POST' && path === '/events') return trigger(JSON.parse(body), received);
  if (method === 'POST' && path === '/batch_events') return triggerBatch(JSON.parse(body), received);
  if (method === 'POST' && user !== undefined) {
    terminated.push(user);
    return {};
  }
  if (method === 'GET' && path === '/channels') return listChannels(query);
  if (method === 'GET' && channel !== undefined)
    return users === undefined ? { occupied: true, ...attributes(channel, query.get('info')) } : listUsers(channel);
  throw refusal(404, `Unknown path ${path}`);
}

interface WireEvent {
  name?: unknown;
  data?: unknown;
  channel?: unknown;
  channels?: unknown;
  socket_id?: unknown;
  info?: unknown;
}

function trigger(event: WireEvent, received: ReceivedEvent[]): object {
  const channels = Array.isArray(event.channels) ? event.channels : [event.channel];
  const accepted = checkedEvents(event, channels);
  received.push(...accepted);
  if (typeof event.info !== 'string') return {};
  const { info } = event;
  return { channels: Object.fromEntries(accepted.map(({ channel }) => [channel, attributes(channel, info)])) };
}

function triggerBatch({ batch }: { batch?: unknown }, received: ReceivedEvent[]): object {
  const events = Array.isArray(batch) ? (batch as WireEvent[]) : [];
  if (events.length === 0 || events.length > MAX_EVENTS)
    throw refusal(400, `A batch has 1 to ${MAX_EVENTS} events, not ${events.length}`);
  if (events.some(({ channel }) => typeof channel !== 'string' || channel.startsWith('#')))
    throw refusal(400, 'Each event of a batch needs a channel');
  const accepted = events.flatMap((event) => checkedEvents(event, [event.channel]));
  received.push(...accepted);
  if (events.every(({ info }) => info === undefined)) return {};
  return {
    batch: events.map(({ channel, info }) => (typeof info === 'string' ? attributes(String(channel), info) : {})),
  };
}

function checkedEvents({ name, data, socket_id: except }: WireEvent, channels: readonly unknown[]): ReceivedEvent[] {
  if (channels.length === 0 || channels.length > MAX_CHANNELS)
    throw refusal(400, `An event goes to 1 to ${MAX_CHANNELS} channels, not ${channels.length}`);
  if (typeof name !== 'string' || name === '' || name.length > 200) throw refusal(400, 'Invalid event name');
  if (typeof data !== 'string') throw refusal(400, 'Missing required parameter: data');
  if (Buffer.byteLength(data) > MAX_DATA_BYTES) throw new Refusal(pusherAnswers.dataTooLarge);
  if (except !== undefined && !/^\d+\.\d+$/.test(String(except))) throw refusal(400, 'Invalid socket id');
  return channels.map((channel) => {
    if (typeof channel !== 'string' || channel.length > 164 || !/^#?[A-Za-z0-9_\-=@,.;| ]+$/.test(channel))
      throw refusal(400, `Invalid channel name ${JSON.stringify(channel)}`);
    const isEncrypted = channel.startsWith('private-encrypted-');
    if (isEncrypted && channels.length > 1) throw refusal(400, 'An encrypted event goes to one channel');
    return {
      channel,
      event: name,
      data: isEncrypted ? data : JSON.parse(data),
      ...(except !== undefined && { except: String(except) }),
    };
  });
}

/** Each channel has two connections; presence channels have two users. */
function attributes(channel: string, info: string | null): object {
  const asked = info?.split(',') ?? [];
  return {
    ...(asked.includes('subscription_count') && { subscription_count: 2 }),
    ...(asked.includes('user_count') && channel.startsWith('presence-') && { user_count: 2 }),
  };
}

function listChannels(query: URLSearchParams): object {
  const prefix = query.get('filter_by_prefix') ?? '';
  const info = query.get('info');
  if (info?.includes('user_count') && !prefix.startsWith('presence-'))
    throw refusal(400, 'user_count is only available with a filter for presence channels');
  const names = ['orders', 'presence-room', 'a&b=c#d+e %'].filter((name) => name.startsWith(prefix));
  return { channels: Object.fromEntries(names.map((name) => [name, attributes(name, info)])) };
}

function listUsers(channel: string): object {
  if (!channel.startsWith('presence-')) throw refusal(400, 'Users can only be retrieved for presence channels');
  return { users: [{ id: 'ann' }, { id: 'bob' }] };
}

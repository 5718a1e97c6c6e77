import { inflateSync } from 'node:zlib';
import type { ProviderAnswer } from './provider-answer.js';
import { type ProviderRequest, ProviderServer } from './provider-server.js';
import { PubNubAccess } from './pubnub-access.js';
import { isSigned } from './pubnub-signature.js';
import { guessed, pubnubAnswers } from './recorded-answers.js';

const PUB_KEY = 'pub-c-local';
const SUB_KEY = 'sub-c-local';
const SECRET_KEY = 'sec-c-0123456789abcdef';

/** PubNub: a message with its address, in bytes. */
const MAX_MESSAGE_BYTES = 32_768;
const MAX_SIGNAL_BYTES = 64;
/** Where all messages of this provider live. */
const REGION = 12;

/** A message that came in, as PubNub passes it on. */
interface StoredMessage {
  readonly channel: string;
  readonly message: unknown;
  readonly timetoken: string;
  readonly userId: string;
  readonly isSignal: boolean;
  readonly query: URLSearchParams;
}

/** A message in our envelope. */
interface ReceivedMessage {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly id: string;
}

/**
 * A local server that behaves like PubNub, for versions 11 and 12 of the SDK. `recorded-answers.ts` tells where the forms
 * of its answers come from.
 */
export interface PubNubProvider {
  readonly server: ProviderServer;
  /** To be spread into `createPushService`. */
  readonly settings: {
    readonly backend: 'pubnub';
    readonly pubKey: string;
    readonly subKey: string;
    readonly secretKey: string;
    readonly useSsl: boolean;
    readonly options: { readonly origin: string; readonly userId: string };
  };
  /** Every message in our envelope that was accepted, in order. */
  readonly received: readonly ReceivedMessage[];
  /** Every message and signal that was accepted, in order. */
  readonly messages: readonly StoredMessage[];
  /** What must never show. */
  readonly secrets: readonly string[];
  /** Channels and channel groups to which access is refused. */
  readonly forbidden: Set<string>;
  /** Who may read what, where tokens are asked for. */
  readonly access: PubNubAccess;
  /** The channels of each channel group. */
  readonly groups: Map<string, readonly string[]>;
  /** The user ids on each channel. */
  readonly present: Map<string, Set<string>>;
  /** Requests by what they do: `publish`, `get` (a publish by GET), `signal`, `subscribe`, `heartbeat`, `leave`, `presence`, `history`, `grant`. */
  readonly counts: Map<string, number>;
  /** Makes a message come in, as if anyone had published it. */
  publish(channel: string, message: unknown, details?: { userId?: string; isSignal?: boolean }): string;
  /** Answers every long poll that is waiting with nothing new, as the service does now and then. */
  endPolls(): void;
  close(): Promise<void>;
}

export async function startPubNubProvider(options: { tls?: boolean } = {}): Promise<PubNubProvider> {
  const provider = new Provider();
  const server = await ProviderServer.start(async (request) => forPages(await provider.answer(request)), options);
  return {
    server,
    settings: {
      backend: 'pubnub',
      pubKey: PUB_KEY,
      subKey: SUB_KEY,
      secretKey: SECRET_KEY,
      useSsl: options.tls ?? false,
      options: { origin: `127.0.0.1:${server.port}`, userId: 'server-1' },
    },
    get received() {
      return provider.messages.filter(isInEnvelope).map(({ channel, message }) => ({ channel, ...message }));
    },
    messages: provider.messages,
    secrets: [SECRET_KEY],
    forbidden: provider.forbidden,
    access: provider.access,
    groups: provider.groups,
    present: provider.present,
    counts: provider.counts,
    publish: (channel, message, details) => provider.store(channel, message, details),
    endPolls: () => provider.wake(true),
    close: () => {
      provider.wake(true);
      return server.close();
    },
  };
}

type Envelope = Omit<ReceivedMessage, 'channel'>;

function isInEnvelope(stored: StoredMessage): stored is StoredMessage & { readonly message: Envelope } {
  const { message } = stored;
  return typeof message === 'object' && message !== null && 'event' in message && 'id' in message;
}

class Provider {
  readonly messages: StoredMessage[] = [];
  readonly forbidden = new Set<string>();
  readonly access = new PubNubAccess();
  readonly groups = new Map<string, readonly string[]>();
  readonly present = new Map<string, Set<string>>();
  readonly counts = new Map<string, number>();
  /** 17 digits, as PubNub's; too large for a number. */
  #clock = BigInt(Date.now()) * 10_000n;
  #waiting: ((isOver: boolean) => void)[] = [];

  async answer(request: ProviderRequest): Promise<ProviderAnswer> {
    const parts = request.path.slice(1).split('/').map(decodeURIComponent);
    const [first, , third] = parts;
    const isPam = parts[1] === 'pam';
    if (!isSigned(request, PUB_KEY, SECRET_KEY)) return pubnubAnswers.wrongSignature;
    if (first === 'publish') return this.#publish(request, parts);
    if (first === 'signal') return this.#signal(request, parts);
    if (parts[1] === 'subscribe') return this.#subscribe(request, third ?? '', parts[3] ?? '');
    if (parts[1] === 'presence') return this.#presence(request, parts);
    if (parts[1] === 'history') return this.#history(request, parts[5] ?? '');
    if (isPam) return this.#grant(request, third ?? '');
    return guessed({ status: 404, body: { status: 404, error: true, message: 'Not Found' } });
  }

  store(
    channel: string,
    message: unknown,
    details: { userId?: string; isSignal?: boolean; query?: URLSearchParams } = {},
  ): string {
    const { userId = 'someone', isSignal = false, query = new URLSearchParams() } = details;
    this.#clock += 1n;
    const timetoken = String(this.#clock);
    this.messages.push({ channel, message, timetoken, userId, isSignal, query });
    this.wake(false);
    return timetoken;
  }

  wake(isOver: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wakeUp of waiting) wakeUp(isOver);
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  #publish(request: ProviderRequest, [, pubKey, subKey, , channel = '', , inPath]: string[]): ProviderAnswer {
    this.#count(request.method === 'POST' ? 'publish' : 'get');
    if (subKey !== SUB_KEY) return pubnubAnswers.invalidSubscribeKey;
    if (pubKey !== PUB_KEY) return guessed({ status: 400, body: [0, 'Invalid Key', this.#now()] });
    if (this.forbidden.has(channel)) return accessDenied('Forbidden', false, [channel]);
    const text = inPath ?? bodyOf(request);
    if (Buffer.byteLength(text) + request.path.length > MAX_MESSAGE_BYTES)
      return { ...pubnubAnswers.messageTooLarge, body: [0, 'Message Too Large', this.#now()] };
    const userId = request.query.get('uuid') ?? '';
    const timetoken = this.store(channel, JSON.parse(text), { userId, query: request.query });
    return { body: [1, 'Sent', timetoken] };
  }

  #signal(request: ProviderRequest, [, , , , channel = '', , text = '']: string[]): ProviderAnswer {
    this.#count('signal');
    if (Buffer.byteLength(text) > MAX_SIGNAL_BYTES)
      return guessed({ status: 400, body: [0, 'Signal size too large', this.#now()] });
    const userId = request.query.get('uuid') ?? '';
    const timetoken = this.store(channel, JSON.parse(text), { userId, isSignal: true, query: request.query });
    return { body: [1, 'Sent', timetoken] };
  }

  async #subscribe(request: ProviderRequest, subKey: string, names: string): Promise<ProviderAnswer> {
    this.#count('subscribe');
    const { query, hungUp } = request;
    const channels = names.split(',').filter((name) => name !== '');
    const groups = (query.get('channel-group') ?? '').split(',').filter((name) => name !== '');
    if (subKey !== SUB_KEY) return pubnubAnswers.invalidSubscribeKey;
    const [refused, refusedGroups] = [channels, groups].map((names) =>
      names.filter((name) => this.forbidden.has(name)),
    );
    if (refused?.length || refusedGroups?.length) return accessDenied('Forbidden', false, refused, refusedGroups);
    const refusal = this.access.refusal(query.get('auth'), query.get('uuid'), channels);
    if (refusal) return accessDenied(refusal.message, false, refusal.channels);
    const since = query.get('tt') ?? '0';
    if (since === '0') return { body: { t: { t: this.#now(), r: REGION }, m: [] } };
    let found = this.#since(since, channels, groups);
    while (found.length === 0) {
      const isOver = await new Promise<boolean>((resolve) => {
        this.#waiting.push(resolve);
        hungUp.addEventListener('abort', () => resolve(true));
      });
      found = this.#since(since, channels, groups);
      if (isOver) break;
    }
    const last = found.at(-1)?.p.t ?? since;
    return { body: { t: { t: last, r: REGION }, m: found } };
  }

  #since(timetoken: string, channels: readonly string[], groups: readonly string[]) {
    return this.messages
      .filter((stored) => BigInt(stored.timetoken) > BigInt(timetoken))
      .flatMap((stored) => this.#matches(stored.channel, channels, groups).map((b) => envelopeOf(stored, b)));
  }

  /** By what names a subscriber hears of a channel: one envelope for each. */
  #matches(channel: string, channels: readonly string[], groups: readonly string[]): readonly string[] {
    return [
      ...channels.filter((name) => name === channel || (name.endsWith('.*') && channel.startsWith(name.slice(0, -1)))),
      ...groups.filter((group) => this.groups.get(group)?.includes(channel)),
    ];
  }

  #presence(request: ProviderRequest, parts: string[]): ProviderAnswer {
    const names = (parts[5] ?? '').split(',').filter((name) => name !== '');
    const action = parts[6] ?? 'presence';
    this.#count(action);
    const userId = request.query.get('uuid') ?? '';
    if (action !== 'presence') {
      for (const name of names) {
        const users = this.present.get(name) ?? new Set();
        this.present.set(name, users);
        if (action === 'leave') users.delete(userId);
        else users.add(userId);
      }
      return { body: { status: 200, message: 'OK', action, service: 'Presence' } };
    }
    const users = [...(this.present.get(names[0] ?? '') ?? [])];
    const limit = Number(request.query.get('limit') ?? 1000);
    const offset = Number(request.query.get('offset') ?? 0);
    const uuids = users.slice(offset, offset + limit);
    const hidden = request.query.get('disable_uuids') === '1';
    return {
      body: { status: 200, message: 'OK', occupancy: users.length, ...(!hidden && { uuids }), service: 'Presence' },
    };
  }

  #history(request: ProviderRequest, channel: string): ProviderAnswer {
    this.#count('history');
    const { query } = request;
    const start = BigInt(query.get('start') ?? '99999999999999999');
    const end = BigInt(query.get('end') ?? '0');
    const found = this.messages
      .filter((stored) => stored.channel === channel && !stored.isSignal && stored.query.get('store') !== '0')
      .filter(({ timetoken }) => BigInt(timetoken) < start && BigInt(timetoken) >= end)
      .slice(-Number(query.get('max')))
      .map(({ message, timetoken, userId }) => ({ message, timetoken, uuid: userId, message_type: null }));
    return {
      body: { status: 200, error: false, error_message: '', channels: { [encodeURIComponent(channel)]: found } },
    };
  }

  #grant(request: ProviderRequest, subKey: string): ProviderAnswer {
    this.#count('grant');
    const grant = JSON.parse(request.body) as { ttl: number; permissions: { uuid?: string } };
    if (subKey !== SUB_KEY || grant.permissions.uuid === 'nobody') return accessDenied('Unknown user', true);
    const token = this.access.grant(request.body);
    return { body: { status: 200, service: 'Access Manager', data: { message: 'Success', token } } };
  }

  #now(): string {
    return String(this.#clock);
  }
}

function envelopeOf({ channel, message, timetoken, userId, isSignal }: StoredMessage, b: string) {
  return {
    a: '1',
    f: 0,
    c: channel,
    b,
    i: userId,
    p: { t: timetoken, r: REGION },
    k: SUB_KEY,
    d: message,
    ...(isSignal && { e: 1 }),
  };
}

/** Pages of any origin may read the answers. */
function forPages(answer: ProviderAnswer): ProviderAnswer {
  return { ...answer, headers: { ...answer.headers, 'access-control-allow-origin': '*' } };
}

/** A refusal in the recorded form; of a grant, in the form that the documents show. The words are the caller's. */
function accessDenied(
  message: string,
  isPam: boolean,
  channels: readonly string[] = [],
  groups: readonly string[] = [],
): ProviderAnswer {
  const payload = {
    ...(channels.length > 0 && { channels }),
    ...(groups.length > 0 && { 'channel-groups': groups.map((name) => `:${name}`) }),
  };
  if (isPam) {
    const error = { message, source: 'grant', details: [] };
    return guessed({ status: 403, body: { status: 403, service: 'Access Manager', error } });
  }
  const body = { message, payload, error: true, service: 'Access Manager', status: 403 };
  return { ...pubnubAnswers.accessDenied, body };
}

/** As the SDK says how it is compressed. */
function bodyOf({ body, headers, rawBody }: ProviderRequest): string {
  return headers['content-encoding'] === 'deflate' ? inflateSync(rawBody).toString() : body;
}

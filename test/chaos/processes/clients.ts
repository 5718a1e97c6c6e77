import { writeFileSync } from 'node:fs';
import PusherClient from 'pusher-js';
import { WebSocket } from 'ws';
import { grantFor } from '../grant.ts';
import { type ClientsOptions, type ClientsOrder, credentials, type Period, type Present } from '../record.ts';

type Pusher = InstanceType<typeof PusherClient.default>;
/** pusher-js for Node is CommonJS: its class is the default export itself. */
const PusherJs = PusherClient as unknown as typeof PusherClient.default;

/** How long a client waits for what it has been promised before it connects anew, in milliseconds. */
const HANDSHAKE_MS = 5000;
const LONGEST_PAUSE_MS = 1000;

const options = JSON.parse(process.argv[2] ?? '') as ClientsOptions;
const periods: Period[] = [];

interface Message {
  readonly event: string;
  readonly channel?: string;
  readonly data?: string | object;
}

/** What one client has heard, whoever speaks the protocol for it. */
class Ear {
  readonly name: string;
  readonly user: string;
  readonly channels: readonly string[];
  /** Those that are subscribed to. */
  readonly open = new Map<string, Period>();

  constructor(number: number) {
    this.name = `client ${number}`;
    this.user = `u${number % options.users}`;
    const { publicChannels, presenceChannels } = options;
    this.channels = [
      publicChannels[number % publicChannels.length] ?? '',
      publicChannels[(number * 7 + 1) % publicChannels.length] ?? '',
      presenceChannels[number % presenceChannels.length] ?? '',
    ].filter((name, place, all) => all.indexOf(name) === place);
  }

  subscribed(channel: string, socketId: string, members: readonly string[] | undefined): void {
    const faults =
      members !== undefined && new Set(members).size < members.length ? ['a member twice in the list'] : [];
    const period = {
      ...{ client: this.name, user: this.user, channel, socketId, from: Date.now(), received: [], times: [], faults },
      ...(members !== undefined && { members: [...members] }),
    };
    if (this.open.has(channel)) period.faults.push('confirmed twice');
    this.open.set(channel, period);
    periods.push(period);
  }

  heard(channel: string, id: string): void {
    const period = this.open.get(channel);
    period?.received.push(id);
    period?.times.push(Date.now());
  }

  came(channel: string, user: string): void {
    const period = this.open.get(channel);
    if (period?.members?.includes(user)) period.faults.push(`${new Date().toISOString()} ${user} came, who was there`);
    else period?.members?.push(user);
  }

  went(channel: string, user: string): void {
    const period = this.open.get(channel);
    const place = period?.members?.indexOf(user) ?? -1;
    if (place < 0) period?.faults.push(`${new Date().toISOString()} ${user} left, who was not there`);
    else period?.members?.splice(place, 1);
  }

  ended(why: string): void {
    for (const period of this.open.values()) {
      period.to = Date.now();
      period.end = why;
    }
    this.open.clear();
  }
}

interface Client {
  readonly ear: Ear;
  start(): void;
  reconnect(): void;
  leave(): void;
}

/** Speaks the protocol by hand. */
class BareClient implements Client {
  readonly ear: Ear;
  #socket: WebSocket | undefined;
  #isLeaving = false;

  constructor(number: number) {
    this.ear = new Ear(number);
  }

  start(): void {
    const socket = new WebSocket(`ws://127.0.0.1:${options.port}/app/${credentials.pubKey}?protocol=7`);
    this.#socket = socket;
    let socketId = '';
    const timer = setTimeout(() => socket.terminate(), HANDSHAKE_MS);
    socket.on('error', () => {});
    socket.on('message', (text) => {
      const message = JSON.parse(String(text)) as Message;
      const data = (typeof message.data === 'string' ? JSON.parse(message.data) : message.data) as {
        readonly socket_id?: string;
        readonly presence?: { readonly ids: readonly string[] };
        readonly user_id?: string;
        readonly id?: string;
      };
      const { event, channel = '' } = message;
      if (event === 'pusher:connection_established') {
        clearTimeout(timer);
        socketId = data.socket_id ?? '';
        for (const name of this.ear.channels) {
          const grant = name.startsWith('presence-') ? grantFor(socketId, name, this.ear.user) : {};
          socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: name, ...grant } }));
        }
      } else if (event === 'pusher_internal:subscription_succeeded')
        this.ear.subscribed(channel, socketId, data.presence?.ids);
      else if (event === 'pusher_internal:member_added') this.ear.came(channel, String(data.user_id));
      else if (event === 'pusher_internal:member_removed') this.ear.went(channel, String(data.user_id));
      else if (event === 'pusher:ping') socket.send(JSON.stringify({ event: 'pusher:pong', data: {} }));
      else if (event === 'n') this.ear.heard(channel, String(data.id));
    });
    socket.on('close', (code) => {
      clearTimeout(timer);
      this.ear.ended(`closed with ${code}`);
      if (!this.#isLeaving) setTimeout(() => this.start(), Math.random() * LONGEST_PAUSE_MS);
    });
  }

  reconnect(): void {
    if (Math.random() < 0.5) this.#socket?.terminate();
    else this.#socket?.close();
  }

  leave(): void {
    this.#isLeaving = true;
    this.#socket?.close();
  }
}

/** Lets the official client speak. */
class PusherJsClient implements Client {
  readonly ear: Ear;
  #pusher: Pusher | undefined;

  constructor(number: number) {
    this.ear = new Ear(number);
  }

  start(): void {
    const { ear } = this;
    const pusher = new PusherJs(credentials.pubKey, {
      ...{ cluster: '', wsHost: '127.0.0.1', wsPort: options.port, forceTLS: false, enabledTransports: ['ws'] },
      channelAuthorization: {
        endpoint: '',
        transport: 'ajax',
        customHandler: ({ socketId, channelName }, done) => done(null, grantFor(socketId, channelName, ear.user)),
      },
    });
    this.#pusher = pusher;
    pusher.connection.bind('state_change', ({ current }: { readonly current: string }) => {
      if (current !== 'connected') ear.ended(current);
    });
    for (const name of ear.channels) {
      const channel = pusher.subscribe(name);
      channel.bind('pusher:subscription_succeeded', (data: { readonly members?: object } | undefined) =>
        ear.subscribed(name, pusher.connection.socket_id, data?.members && Object.keys(data.members)),
      );
      channel.bind('pusher:member_added', ({ id }: { readonly id: string }) => ear.came(name, id));
      channel.bind('pusher:member_removed', ({ id }: { readonly id: string }) => ear.went(name, id));
      channel.bind('n', ({ id }: { readonly id: string }) => ear.heard(name, id));
    }
  }

  reconnect(): void {
    this.#pusher?.disconnect();
    this.#pusher?.connect();
  }

  leave(): void {
    this.#pusher?.disconnect();
  }
}

const clients: readonly Client[] = Array.from({ length: options.clients }, (_, number) =>
  number < options.pusherJs ? new PusherJsClient(number) : new BareClient(number),
);

function present(): Present {
  const channels: Record<string, { subscribers: number; users: Set<string> }> = {};
  const lists: Present['lists'][number][] = [];
  for (const { ear } of clients)
    for (const [channel, { members }] of ear.open) {
      const found = channels[channel] ?? { subscribers: 0, users: new Set() };
      channels[channel] = found;
      found.subscribers++;
      if (members === undefined) continue;
      found.users.add(ear.user);
      lists.push({ client: ear.name, channel, members: members.toSorted() });
    }
  return {
    subscribed: clients.filter(({ ear }) => ear.open.size === ear.channels.length).length,
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, { subscribers, users }]) => [
        name,
        { subscribers, users: [...users].toSorted() },
      ]),
    ),
    lists,
  };
}

process.on('message', (order: ClientsOrder) => {
  if (order.order === 'wave') for (const client of clients) if (Math.random() < order.share) client.reconnect();
  if (order.order === 'write') writeFileSync(options.file, periods.map((period) => JSON.stringify(period)).join('\n'));
  if (order.order === 'leave') for (const client of clients) client.leave();
  process.send?.(present());
});
process.on('disconnect', () => process.exit());
for (const client of clients) client.start();

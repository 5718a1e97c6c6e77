import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { ConfigurationError, createPushService, DeliveryError } from '../../../src/index.js';
import { SharedOverview } from '../../../src/server/relay/shared-overview.js';
import { failureOf } from '../../support/failure-of.js';
import { MemoryRelay, RelayHub } from '../../support/memory-relay.js';
import { Client, type Message } from '../support/client.js';
import { figures } from '../support/exposition.js';
import { credentials, startServer } from '../support/server.js';
import { call, events } from '../support/signed-call.js';

/** Nodes of one cluster, each with the relay that cuts it off. */
async function nodes(count: number, options: WebSocketOptions = {}) {
  const hub = new RelayHub();
  const started = Array.from({ length: count }, async () => {
    const relay = new MemoryRelay(hub);
    const service = await startServer({ ...options, relay });
    return { service, relay };
  });
  return Promise.all(started);
}

function pushOf(service: WebSocketService) {
  const push = createPushService({ backend: service, retries: 0 });
  onTestFinished(() => push.close());
  return push;
}

function idsIn({ presence }: Record<string, unknown>): unknown {
  return (presence as { ids: unknown }).ids;
}

async function signIn(client: Client, service: WebSocketService, id: string, watchlist: string[] = []): Promise<void> {
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id, watchlist }));
  await client.next('pusher:signin_success');
}

/** Who is told to be online and offline, by these names. */
function stateIn(client: Client, message: Message): Record<string, unknown> {
  const { events } = client.dataOf(message) as { events: { name: string; user_ids: string[] }[] };
  return Object.fromEntries(events.map(({ name, user_ids: ids }) => [name, ids]));
}

describe('while the relay is away', () => {
  it('a message is refused, clients stay, and it can be sent again when the relay is back', async () => {
    const [one, two] = await nodes(2);
    if (one === undefined || two === undefined) throw new Error();
    const push = pushOf(one.service);
    const client = await Client.connect(two.service);
    await client.subscribe('news');
    one.relay.cut();
    const error = await failureOf(DeliveryError, push.send({ event: 'x', channels: 'news', data: 1 }));
    expect([error.outcome, error.retryable]).toEqual(['rejected', true]);
    one.relay.mend();
    await push.send({ event: 'y', channels: 'news', data: 2 });
    expect((await client.next('y')).data).toBe('2');
    expect(client.received).toEqual([]);
  });

  it('a message of which nobody knows is neither delivered here on its own nor tried again', async () => {
    const [one] = await nodes(1, { relayFailure: 'local' });
    if (one === undefined) throw new Error();
    const client = await Client.connect(one.service);
    await client.subscribe('news');
    one.relay.losesAnswers = true;
    const push = createPushService({ backend: one.service, retries: 3 });
    onTestFinished(() => push.close());
    const error = await failureOf(DeliveryError, push.send({ event: 'x', channels: 'news', data: 1 }));
    expect([error.outcome, error.report?.attempts]).toEqual(['unknown', 1]);
    await client.next('x');
    expect(await client.settled()).toEqual([]);
  });

  it('a subscription waits, and is confirmed when the relay is back', async () => {
    const [one, two] = await nodes(2);
    if (one === undefined || two === undefined) throw new Error();
    const [here, there] = [await Client.connect(one.service), await Client.connect(two.service)];
    await there.join(two.service, 'presence-room', { id: 'bob' });
    one.relay.cut();
    here.send('pusher:subscribe', {
      channel: 'presence-room',
      ...one.service.authorizeChannel(here.socketId, 'presence-room', { id: 'ann' }),
    });
    expect(await here.settled()).toEqual([]);
    one.relay.mend();
    expect(idsIn(here.dataOf(await here.next('pusher_internal:subscription_succeeded')))).toEqual(['bob', 'ann']);
    expect(there.dataOf(await there.next('pusher_internal:member_added'))).toEqual({ user_id: 'ann' });
  });

  it("a client's event is refused, and it is told so", async () => {
    const [one] = await nodes(1);
    if (one === undefined) throw new Error();
    const client = await Client.connect(one.service);
    await client.join(one.service, 'private-chat');
    one.relay.cut();
    client.send('client-typing', {}, 'private-chat');
    expect(client.dataOf(await client.next('pusher:error'))).toEqual({
      code: null,
      message: 'The event could not be published: client-typing',
    });
  });

  it("with relayFailure 'local' this node goes on alone, and the report says so", async () => {
    const [one, two] = await nodes(2, { relayFailure: 'local' });
    if (one === undefined || two === undefined) throw new Error();
    const push = pushOf(one.service);
    const [here, there] = [await Client.connect(one.service), await Client.connect(two.service)];
    await here.subscribe('news');
    await there.subscribe('news');
    one.relay.cut();
    const report = await push.send({ event: 'x', channels: 'news', data: 1 });
    expect([report.status, report.info]).toEqual(['accepted', { news: { relay: 'local' } }]);
    await here.next('x');
    const late = await Client.connect(one.service);
    expect(idsIn(await late.join(one.service, 'presence-room', { id: 'ann' }))).toEqual(['ann']);
    const later = await Client.connect(one.service);
    expect(idsIn(await later.join(one.service, 'presence-room', { id: 'bob' }))).toEqual(['ann', 'bob']);
    expect(late.dataOf(await late.next('pusher_internal:member_added'))).toEqual({ user_id: 'bob' });
    one.relay.mend();
    await push.send({ event: 'y', channels: 'news', data: 2 });
    await there.next('y');
    expect(there.received).toEqual([]);
    await vi.waitFor(async () => expect(await two.service.channelUsers('presence-room')).toEqual(['ann', 'bob']));
    expect(await late.settled()).toEqual([]);
  });

  it("with relayFailure 'local' a sign-in does not wait, and watchers hear of those who are here", async () => {
    const [one, two] = await nodes(2, { relayFailure: 'local' });
    if (one === undefined || two === undefined) throw new Error();
    one.relay.cut();
    const [ann, bob] = [await Client.connect(one.service), await Client.connect(one.service)];
    await signIn(ann, one.service, 'ann', ['bob', 'cho']);
    expect(stateIn(ann, await ann.next('pusher_internal:watchlist_events'))).toEqual({ offline: ['bob', 'cho'] });
    await signIn(bob, one.service, 'bob');
    expect(stateIn(ann, await ann.next('pusher_internal:watchlist_events'))).toEqual({ online: ['bob'] });
    const cho = await Client.connect(two.service);
    await signIn(cho, two.service, 'cho', ['bob']);
    expect(stateIn(cho, await cho.next('pusher_internal:watchlist_events'))).toEqual({ offline: ['bob'] });
    one.relay.mend();
    expect(stateIn(ann, await ann.next('pusher_internal:watchlist_events'))).toEqual({ online: ['cho'] });
    expect(stateIn(cho, await cho.next('pusher_internal:watchlist_events'))).toEqual({ online: ['bob'] });
    await bob.close();
    expect(stateIn(ann, await ann.next('pusher_internal:watchlist_events'))).toEqual({ offline: ['bob'] });
  });

  it("with relayFailure 'local' who comes to a cache channel gets what this node has published alone", async () => {
    const [one, two] = await nodes(2, { relayFailure: 'local' });
    if (one === undefined || two === undefined) throw new Error();
    const push = pushOf(one.service);
    const send = (data: number) => push.send({ event: 'price', channels: 'cache-price', data });
    const cachedFor = async (): Promise<unknown> => {
      const client = await Client.connect(one.service);
      await client.subscribe('cache-price');
      return (await client.settled()).map(({ event, data }) => [event, data]);
    };
    await send(1);
    one.relay.cut();
    await send(2);
    expect(await cachedFor()).toEqual([['price', '2']]);
    one.relay.mend();
    await vi.waitFor(async () => expect(await cachedFor()).toEqual([['price', '1']]));
    one.relay.cut();
    expect(await cachedFor()).not.toContainEqual(['price', '2']);
  });

  it.each(['reject', 'local'] as const)(
    "with relayFailure '%s' connections of this node end when the application asks, and others' may not",
    async (relayFailure) => {
      const [one, two] = await nodes(2, { relayFailure });
      if (one === undefined || two === undefined) throw new Error();
      const here = [await Client.connect(one.service), await Client.connect(one.service)];
      const third = await Client.connect(one.service);
      const there = await Client.connect(two.service);
      for (const client of [here[1], there])
        if (client !== undefined) await signIn(client, client === there ? two.service : one.service, 'ann');
      await signIn(third, one.service, 'bob');
      one.relay.cut();
      const { api } = one.service;
      for (const work of [
        api.disconnect(here[0]?.socketId ?? ''),
        api.disconnectUser('ann'),
        Promise.resolve(one.service.disconnect({ userId: 'bob' })),
      ]) {
        const error = await failureOf(DeliveryError, work);
        expect(error.message).toContain('It was done on this node. Others could not be asked');
      }
      expect(await Promise.all([...here, third].map(async ({ closed }) => (await closed).code))).toEqual([
        4009, 4009, 4200,
      ]);
      expect(await there.settled()).toEqual([]);
      one.relay.mend();
      expect(await api.disconnectUser('ann')).toBe(1);
    },
  );

  it('a relay that does not answer keeps no connection of this node from being ended', async () => {
    const [one] = await nodes(1);
    if (one === undefined) throw new Error();
    const client = await Client.connect(one.service);
    one.relay.losesAnswers = true;
    const error = await failureOf(DeliveryError, one.service.api.disconnect(client.socketId));
    expect(error.outcome).toBe('unknown');
    expect((await client.closed).code).toBe(4009);
  });
});

describe('a node that is not open', () => {
  it('lets nobody in who came too early, and does not fail later when its port is taken', async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const webhooks = [{ url: 'http://127.0.0.1:9/' }];
    const options = { relay: new MemoryRelay(), port, host: '127.0.0.1', webhooks };
    const service = new WebSocketService({ ...credentials, options });
    onTestFinished(() => service.close());
    service.attach(server);
    const early = new Client(service, { url: `ws://127.0.0.1:${port}/app/key?protocol=7` });
    expect((await early.closed).code).toBe(1006);
    const error = await failureOf(ConfigurationError, service.open());
    expect(error.message).toContain(String(port));
    const unavailable = await failureOf(DeliveryError, service.api.connections());
    expect(unavailable.outcome).toBe('rejected');
  });

  it('ends the span in which it was deaf when it closes', async () => {
    const [one] = await nodes(1);
    if (one === undefined) throw new Error();
    const told = vi.fn();
    one.service.api.onDeaf(told);
    one.relay.cut();
    await one.service.close();
    expect(told).toHaveBeenCalledTimes(1);
    one.relay.mend();
    await one.service.open();
    expect(figures(one.service.api.metrics())['pushrail_relay_deaf']).toBe(0);
  });
});

describe('after a time in which nothing was heard', () => {
  it('members of other nodes are right by difference, and the span is told', async () => {
    const [one, two] = await nodes(2);
    if (one === undefined || two === undefined) throw new Error();
    const told = vi.fn();
    one.service.api.onDeaf(told);
    const client = await Client.connect(one.service);
    await client.join(one.service, 'presence-room', { id: 'ann' });
    const [bob, cho] = [await Client.connect(two.service), await Client.connect(two.service)];
    await bob.join(two.service, 'presence-room', { id: 'bob' });
    await client.next('pusher_internal:member_added');
    one.relay.cut();
    expect(figures(one.service.api.metrics())['pushrail_relay_deaf']).toBe(1);
    await bob.close();
    await cho.join(two.service, 'presence-room', { id: 'cho' });
    await vi.waitFor(async () => expect(await two.service.channelUsers('presence-room')).toEqual(['ann', 'cho']));
    expect(await client.settled()).toEqual([]);
    one.relay.mend();
    expect(client.dataOf(await client.next('pusher_internal:member_removed'))).toEqual({ user_id: 'bob' });
    expect(client.dataOf(await client.next('pusher_internal:member_added'))).toEqual({ user_id: 'cho' });
    expect(told).toHaveBeenCalledTimes(1);
    const shown = figures(one.service.api.metrics());
    expect([shown['pushrail_relay_deaf'], shown['pushrail_relay_deaf_spans_total']]).toEqual([0, 1]);
    expect(shown['pushrail_relay_deaf_seconds_total']).toBeGreaterThanOrEqual(0);
  });

  it('who is online is right again for those who watch', async () => {
    const [one, two] = await nodes(2);
    if (one === undefined || two === undefined) throw new Error();
    const ann = await Client.connect(one.service);
    await signIn(ann, one.service, 'ann', ['bob']);
    const offline = { events: [{ name: 'offline', user_ids: ['bob'] }] };
    const online = { events: [{ name: 'online', user_ids: ['bob'] }] };
    expect(ann.dataOf(await ann.next('pusher_internal:watchlist_events'))).toEqual(offline);
    one.relay.cut();
    await signIn(await Client.connect(two.service), two.service, 'bob');
    expect(await ann.settled()).toEqual([]);
    one.relay.mend();
    expect(ann.dataOf(await ann.next('pusher_internal:watchlist_events'))).toEqual(online);
  });
});

describe('with a relay', () => {
  it('an event that is published is answered so also when its channels cannot be counted', async () => {
    const [one] = await nodes(1);
    if (one === undefined) throw new Error();
    const figures = vi
      .spyOn(SharedOverview.prototype, 'figures')
      .mockRejectedValue(new DeliveryError('The relay is away.', { outcome: 'unknown' }));
    onTestFinished(() => figures.mockRestore());
    const body = { name: 'x', channels: ['news'], data: '1', info: 'subscription_count' };
    const answer = await call(one.service, { ...events, body: JSON.stringify(body) });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { channels: { news: {} } }]);
  });

  it('a member whose id no text of the relay can hold keeps nobody else out, also where webhooks are sent', async () => {
    const [one] = await nodes(1, { webhooks: [{ url: 'http://127.0.0.1:9/' }] });
    if (one === undefined) throw new Error();
    const client = await Client.connect(one.service);
    expect(idsIn(await client.join(one.service, 'presence-room', { id: 'a\0b' }))).toEqual(['a\0b']);
    const other = await Client.connect(one.service);
    expect(idsIn(await other.join(one.service, 'presence-room', { id: 'ann' }))).toEqual(['a\0b', 'ann']);
  });

  it('clients for whom all nodes are asked count against the connections of the server', async () => {
    const apps = [{ appId: '2', pubKey: 'key2', secretKey: 'secret2', maxConnections: 100 }];
    const [one] = await nodes(1, { apps, maxConnections: 2 });
    if (one === undefined) throw new Error();
    one.relay.delayMs = 20;
    const clients = Array.from({ length: 8 }, () => new Client(one.service, { key: 'key2' }));
    const ends = await Promise.allSettled(clients.map((client) => client.next('pusher:connection_established')));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});

describe('a relay that has lost its memory', () => {
  it('is told again what there is, and nobody hears of it', async () => {
    const [one, two] = await nodes(2);
    if (one === undefined || two === undefined) throw new Error();
    const [ann, bob] = [await Client.connect(one.service), await Client.connect(two.service)];
    await ann.join(one.service, 'presence-room', { id: 'ann' });
    await bob.join(two.service, 'presence-room', { id: 'bob' });
    await ann.next('pusher_internal:member_added');
    one.relay.hub.forgetEverything();
    // A message makes each node find out.
    for (const { service } of [one, two]) await pushOf(service).send({ event: 'x', channels: 'other', data: 1 });
    await vi.waitFor(async () => {
      expect([...(await one.service.channelUsers('presence-room'))].sort()).toEqual(['ann', 'bob']);
      expect(await two.service.api.connections()).toBe(2);
    });
    const cho = await Client.connect(one.service);
    expect(idsIn(await cho.join(one.service, 'presence-room', { id: 'cho' }))).toHaveLength(3);
    expect(ann.dataOf(await ann.next('pusher_internal:member_added'))).toEqual({ user_id: 'cho' });
    expect(bob.dataOf(await bob.next('pusher_internal:member_added'))).toEqual({ user_id: 'cho' });
  });
});

import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { authFor, channelText, userText } from '../../../src/pusher-protocol/signature.js';
import { redisRelay } from '../../../src/server/relay/redis/index.js';
import { deliver } from '../../support/deliver.js';
import { type Nodes, newNodes, nodesOf, settled } from '../../support/nodes/nodes.js';
import { findRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';
import { Client } from '../support/client.js';
import { heard, jsClient } from '../support/js-client.js';
import { context, credentials, message, portOf, record } from '../support/server.js';

const room = 'presence-room';

await withRedis('three nodes', findRedis, (redis) => {
  /** Three nodes behind a balancer, and each of them. */
  async function start(options: WebSocketOptions = {}): Promise<ThreeNodes> {
    const relay = redisRelay(redis.url, { prefix: `${randomUUID()}:` });
    const shared = { port: 0, host: '127.0.0.1', closeTimeoutMs: 200 };
    const service = newNodes(3, credentials, { ...shared, ...options }, relay);
    onTestFinished(() => service.close());
    await service.open();
    const nodes = nodesOf(service) as Nodes;
    const [a, b, c] = nodes.all as [WebSocketService, WebSocketService, WebSocketService];
    return { ...nodes, service, a, b, c };
  }

  it('a message to a channel that nobody on a node has costs that node nothing', async () => {
    const { service, a, b, c, relay } = await start();
    const [client, other] = [await Client.connect(a), await Client.connect(b)];
    await client.subscribe('orders');
    await other.subscribe('parcels');
    const messages = (): number[] => [0, 1, 2].map((number) => relay.node(number).heard.length);
    const before = messages();
    for (let index = 0; index < 20; index++) await deliver(c, ['orders'], message(`event-${index}`), context);
    await settled(service);
    expect(messages().map((count, number) => count - (before[number] ?? 0))).toEqual([20, 0, 0]);
    expect((await client.settled()).length).toBe(20);
    client.send('pusher:unsubscribe', { channel: 'orders' });
    await client.settled();
    const after = messages();
    await deliver(c, ['orders'], message('late'), context);
    await settled(service);
    expect(messages()).toEqual(after);
  });

  it('the node that has a connection knows it as its own, and no other one does', async () => {
    const { a, b, c } = await start();
    const { socketId } = await Client.connect(b);
    expect([a, b, c].map(({ api }) => api.isLocal(socketId))).toEqual([false, true, false]);
    expect(b.api.isLocal('1.1')).toBe(false);
  });

  it('clients on all nodes hear one order, whichever nodes publish', async () => {
    const { a, b, c } = await start();
    const clients = await Promise.all([a, b, c].map((node) => Client.connect(node)));
    await Promise.all(clients.map((client) => client.subscribe('orders')));
    const publish = async (node: WebSocketService, name: string): Promise<void> => {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => deliver(node, ['orders'], message(`${name}-${index}`), context)),
      );
    };
    await Promise.all([publish(a, 'a'), publish(b, 'b'), publish(c, 'c')]);
    const [first, ...others] = await Promise.all(
      clients.map(async (client) => (await client.settled()).map(({ event }) => event)),
    );
    expect(others).toEqual([first, first]);
    for (const name of ['a', 'b', 'c'])
      expect(first?.filter((event) => event.startsWith(name))).toEqual(
        Array.from({ length: 50 }, (_, index) => `${name}-${index}`),
      );
  });

  it('an event in a form that a node does not know is ignored there, and one log line says so', async () => {
    const { service, a, b, relay } = await start();
    const { logged } = record(a);
    const client = await Client.connect(a);
    await client.subscribe('orders');
    await deliver(b, ['orders'], message('known'), context);
    await client.next('known');
    const { topic = '', payload = new Uint8Array() } = relay.node(0).heard.at(-1) ?? {};
    const { connection, incarnations } = relay.node(1);
    const partition = connection.partitionOf(topic);
    const later = Uint8Array.from(payload);
    later[0] = 99;
    for (let time = 0; time < 3; time++)
      await connection.publish(partition, incarnations.get(partition), [{ topic, payload: later }]);
    await deliver(b, ['orders'], message('last'), context);
    await settled(service);
    expect((await client.settled()).map(({ event }) => event)).toEqual(['last']);
    expect(logged).toEqual([
      { level: 'error', details: expect.objectContaining({ version: '99' }), text: expect.stringContaining('Update') },
    ]);
  });

  it('a request in a form that a node does not know is not done there, and one log line says so', async () => {
    const { service, a, relay } = await start();
    const { logged } = record(a);
    const client = await Client.connect(a);
    const { connection, incarnations } = relay.node(1);
    const topic = `${credentials.appId}/!nodes`;
    const partition = connection.partitionOf(topic);
    const request = { do: 'disconnect', socketId: client.socketId };
    for (const payload of [JSON.stringify({ version: 99, id: '1', from: 1, request }), 'another form'])
      await connection.publish(partition, incarnations.get(partition), [{ topic, payload: Buffer.from(payload) }]);
    await settled(service);
    expect(await client.settled()).toEqual([]);
    expect(logged).toEqual([
      { level: 'warn', details: expect.objectContaining({ version: '99' }), text: expect.stringContaining('Update') },
    ]);
  });

  it.each([
    'a\0b',
    '%',
    '%22a%22',
    '\ud800',
    'x\udc00y',
    '👩‍👩‍👧',
    '__proto__',
    ' ',
    'a/b',
    '"',
    '*?[a]',
    'ü'.repeat(64),
  ])('the user id %j is a member on all nodes, with all that belongs to it', async (id) => {
    const { a, b, c } = await start();
    const [watcher, member, late] = [await Client.connect(a), await Client.connect(b), await Client.connect(c)];
    await watcher.join(a, room, { id: 'watcher' });
    const data = JSON.stringify({ user_id: id, user_info: { name: id } });
    const auth = authFor(channelText(member.socketId, room, data), credentials);
    await member.subscribe(room, { auth, channel_data: data });
    expect(watcher.dataOf(await watcher.next('pusher_internal:member_added'))).toEqual({
      user_id: id,
      user_info: { name: id },
    });
    expect(await late.join(c, room, { id: 'late' })).toMatchObject({ presence: { ids: ['watcher', id, 'late'] } });
    expect(await c.channelUsers(room)).toEqual(['watcher', id, 'late']);
    const user = JSON.stringify({ id });
    const userAuth = authFor(userText(member.socketId, user), credentials);
    member.send('pusher:signin', { auth: userAuth, user_data: user });
    await member.next('pusher:signin_success');
    await watcher.settled();
    expect(await a.api.disconnectUser(id)).toBe(1);
    expect(watcher.dataOf(await watcher.next('pusher_internal:member_removed'))).toEqual({ user_id: id });
    expect(await member.closed).toMatchObject({ code: 4009 });
  });

  it('a user on two nodes is told of once when they come, and once when they have left both', async () => {
    const { a, b, c } = await start();
    const watcher = await Client.connect(a);
    await watcher.join(a, room, { id: 'watcher' });
    const tabs = [await Client.connect(b), await Client.connect(c)] as const;
    for (const [tab, node] of [
      [tabs[0], b],
      [tabs[1], c],
    ] as const)
      await tab.join(node, room, { id: 'ann' });
    expect((await watcher.settled()).map(({ event }) => event)).toEqual(['pusher_internal:member_added']);
    await tabs[0].close();
    expect(await watcher.settled()).toEqual([]);
    await tabs[1].close();
    expect((await watcher.settled()).map(({ event }) => event)).toEqual(['pusher_internal:member_removed']);
  });

  it('users whose ids Redis cannot hold as they are get what is for them, and nothing else', async () => {
    const { service, a, b } = await start();
    const ids = ['\ud800', '\ud801'];
    const clients = await Promise.all(
      ids.map(async (id, index) => {
        const node = index % 2 === 0 ? a : b;
        const client = await Client.connect(node);
        client.send('pusher:signin', node.authenticateUser(client.socketId, { id }));
        await client.next('pusher:signin_success');
        await client.subscribe(`#server-to-user-${id}`);
        return client;
      }),
    );
    for (const id of ids) await deliver(b, [`#server-to-user-${id}`], message('x', ids.indexOf(id)), context);
    await settled(service);
    for (const [index, client] of clients.entries())
      expect((await client.settled()).map(({ data }) => data)).toEqual([String(index)]);
  });

  it('an application that subscribes hears each message once on every node that has asked for it', async () => {
    const { service, a, b, c } = await start();
    const records = [a, b, c].map((node) => record(node));
    await Promise.all([a.subscribe('orders'), b.subscribe('orders'), c.subscribe('parcels')]);
    await deliver(c, ['orders'], message('x', 1), context);
    await settled(service);
    const event = { channel: 'orders', event: 'x', data: 1, id: expect.any(String) };
    expect(records.map(({ received }) => received)).toEqual([[event], [event], []]);
    await a.unsubscribe('orders');
    await deliver(b, ['orders'], message('y', 2), context);
    await settled(service);
    expect(records.map(({ received }) => received.length)).toEqual([1, 2, 0]);
  });

  it('sockets of different nodes never have the same id', async () => {
    const { a, b, c } = await start();
    const clients = await Promise.all([a, b, c].flatMap((node) => [Client.connect(node), Client.connect(node)]));
    const tags = clients.map(({ socketId }) => Math.floor(Number.parseInt(socketId, 10) / 2 ** 27));
    expect(new Set(clients.map(({ socketId }) => socketId)).size).toBe(6);
    expect(new Set(tags).size).toBe(3);
    expect([tags[0], tags[2], tags[4]]).toEqual([tags[1], tags[3], tags[5]]);
  });

  it('of many who come at once as many are let in as the application may have, on all nodes together', async () => {
    const apps = [{ appId: 'b', pubKey: 'b', secretKey: 'b', maxConnections: 7 }];
    const { service } = await start({ apps });
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const client = new Client(service, { key: 'b' });
        return Promise.race([
          client.next('pusher:connection_established').then(
            () => client,
            () => 'refused',
          ),
          client.closed.then(({ code }) => code),
        ]);
      }),
    );
    const letIn = outcomes.filter((outcome) => outcome instanceof Client);
    expect(letIn.length).toBe(7);
    await Promise.all(letIn.map((client) => client.close()));
    await settled(service);
    for (let time = 0; time < 7; time++) await Client.connect(service, { key: 'b' });
    expect(await new Client(service, { key: 'b' }).closed).toMatchObject({ code: 4004 });
  });

  it('a node that closes loses nobody: its pages come back on another node, and members in time never left', async () => {
    const { service, a, b, c, balancer } = await start({ presenceLeaveDelayMs: 60_000 });
    const told: string[] = [];
    const watching = jsClient(a, 'watcher', portOf(a)).subscribe(room);
    for (const event of ['pusher:member_added', 'pusher:member_removed'])
      watching.bind(event, ({ id }: { id: string }) => told.push(`${event} ${id}`));
    await heard(watching, 'pusher:subscription_succeeded');
    balancer.takeOut(portOf(a));
    balancer.takeOut(portOf(c));
    const pages = ['ann', 'ben'].map((id) => jsClient(service, id, balancer.port));
    const channels = pages.map((page) => page.subscribe(room));
    await Promise.all(channels.map((channel) => heard(channel, 'pusher:subscription_succeeded')));
    await settled(service);
    expect([b.api.localConnections, told]).toEqual([2, ['pusher:member_added ann', 'pusher:member_added ben']]);
    balancer.add(portOf(c));
    balancer.takeOut(portOf(b));
    const back = channels.map((channel) => heard(channel, 'pusher:subscription_succeeded'));
    await b.close();
    await Promise.all(back);
    await settled(service);
    expect(c.api.localConnections).toBe(2);
    expect(told).toEqual(['pusher:member_added ann', 'pusher:member_added ben']);
    expect(await a.channelUsers(room)).toEqual(['watcher', 'ann', 'ben']);
    const arrived = Promise.all(channels.map((channel) => heard<number>(channel, 'x')));
    await deliver(a, [room], message('x', 1), context);
    expect(await arrived).toEqual([1, 1]);
  });

  it('a member whose node has closed leaves when the time is over, unless they have come back', async () => {
    const { service, a, b, c } = await start({ presenceLeaveDelayMs: 300 });
    const watcher = await Client.connect(a);
    await watcher.join(a, room, { id: 'watcher' });
    const [gone, back] = [await Client.connect(b), await Client.connect(b)];
    await gone.join(b, room, { id: 'gone' });
    await back.join(b, room, { id: 'back' });
    await watcher.settled();
    await b.close();
    const again = await Client.connect(c);
    expect(await again.join(c, room, { id: 'back' })).toMatchObject({
      presence: { ids: ['watcher', 'gone', 'back'] },
    });
    // The next update of any node finds the lease at its end.
    await vi.waitFor(
      async () => {
        await again.subscribe(randomUUID());
        expect(await a.channelUsers(room)).toEqual(['watcher', 'back']);
      },
      { timeout: 5000, interval: 50 },
    );
    await settled(service);
    const told = (await watcher.settled()).map((each) => [each.event, each.data]);
    expect(told).toEqual([['pusher_internal:member_removed', '{"user_id":"gone"}']]);
  });
});

interface ThreeNodes extends Nodes {
  readonly service: WebSocketService;
  readonly a: WebSocketService;
  readonly b: WebSocketService;
  readonly c: WebSocketService;
}

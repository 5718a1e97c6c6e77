import { once } from 'node:events';
import { expect, it } from 'vitest';
import { api, connect, grant, join, trigger, userGrant } from '../../protocol/support/server.js';
import type { Client } from '../support/client.js';
import { clientsProcess, ServerProcess } from './processes/start.js';

/** Each takes a second or two, unless other tests need the machine. */
const patient = { timeout: 60_000 };

/** A connection that does everything that a connection may leave something behind with. */
async function busyClient(server: ServerProcess, index: number): Promise<Client> {
  const client = await connect(server);
  const [own, room] = [`private-own-${index}`, `presence-room-${index % 50}`];
  const member = JSON.stringify({ user_id: `user-${index}`, user_info: { name: 'x'.repeat(100) } });
  client.send('pusher:subscribe', { channel: own, ...grant(client, own) });
  client.send('pusher:subscribe', { channel: room, ...grant(client, room, member) });
  client.send('pusher:subscribe', { channel: `cache-${index % 7}` });
  client.send('pusher:signin', userGrant(client, { id: `user-${index % 100}` }));
  client.send('client-typing', {}, own);
  client.send('nonsense');
  await client.settled();
  return client;
}

it('connections that come and go leave nothing behind: no state, and no memory', patient, async () => {
  const server = await ServerProcess.start();
  const wave = async (): Promise<void> => {
    const clients = await Promise.all(Array.from({ length: 500 }, (_, index) => busyClient(server, index)));
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.socket.terminate();
      else client.socket.close();
    }
    await expect.poll(async () => (await server.state()).connections).toBe(0);
  };
  await wave();
  // In bytes. A connection takes several kB while it is there.
  const most = 200;
  let least = Number.POSITIVE_INFINITY;
  // Code that is compiled meanwhile, in some round or other, takes memory too, so the round that left least behind
  // counts: what each connection leaves is in all of them.
  for (let round = 0; round < 10 && (round < 4 || least >= most); round++) {
    const before = await server.state();
    await wave();
    const after = await server.state();
    expect(after).toMatchObject({ connections: 0, channels: 0 });
    least = Math.min(least, (after.heap - before.heap) / 500);
  }
  expect(least).toBeLessThan(most);
});

it('10 000 channels are there, are heard and are listed, and then they are gone', patient, async () => {
  const server = await ServerProcess.start();
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(server)));
  const nameOf = (client: number, index: number): string => `channel-${client}-${index}`;
  for (const [number, client] of clients.entries()) {
    for (let index = 0; index < 100; index++) client.send('pusher:subscribe', { channel: nameOf(number, index) });
  }
  await Promise.all(clients.map((client) => client.settled()));
  expect(await server.state()).toMatchObject({ connections: 100, channels: 10_000 });
  const all = (await api(server, { path: '/channels' })).json as { channels: object };
  expect(Object.keys(all.channels)).toHaveLength(10_000);
  const some = clients.map((_, number) => nameOf(number, 99 - number));
  await trigger(server, some, 'x', '1');
  for (const [number, client] of clients.entries())
    expect(await client.settled()).toEqual([{ event: 'x', channel: some[number], data: '1' }]);
  for (const client of clients) client.socket.terminate();
  await expect.poll(() => server.state()).toMatchObject({ connections: 0, channels: 0 });
});

it('clients whose process is killed leave their channel at once', patient, async () => {
  const server = await ServerProcess.start();
  const witness = await connect(server);
  await join(witness, 'presence-room', 'witness');
  const clients = await clientsProcess(server.address.port, 'presence-room', 50);
  await expect.poll(() => witness.received.length).toBe(50);
  expect((await witness.settled()).map(({ event }) => event)).toEqual(
    Array.from({ length: 50 }, () => 'pusher_internal:member_added'),
  );
  clients.kill('SIGKILL');
  await once(clients, 'exit');
  await expect.poll(() => server.state()).toMatchObject({ connections: 1, channels: 1 });
  await expect.poll(() => witness.received.length).toBe(50);
  const left = (await witness.settled()).map(({ event, data }) => [event, JSON.parse(String(data)).user_id as string]);
  expect(left.sort()).toEqual(
    Array.from({ length: 50 }, (_, index) => ['pusher_internal:member_removed', `user-${index}`]).sort(),
  );
});

it('a server that can open no more files lives on, and lets clients in when others have gone', patient, async () => {
  const server = await ServerProcess.start({}, 100);
  const clients = await Promise.allSettled(Array.from({ length: 150 }, () => connect(server)));
  const inside = clients.filter(({ status }) => status === 'fulfilled');
  expect(inside.length).toBeGreaterThan(20);
  expect(inside.length).toBeLessThan(100);
  for (const client of clients) if (client.status === 'fulfilled') client.value.socket.terminate();
  await expect.poll(async () => (await server.state()).connections).toBe(0);
  const late = await connect(server);
  await late.subscribe('orders');
  await trigger(server, ['orders'], 'x', '1');
  await late.next('x');
  expect(server.isRunning).toBe(true);
});

import { Agent } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { api, connect, serverWith, trigger } from '../../protocol/support/server.js';
import { RawClient } from '../support/raw-client.js';
import { record } from '../support/server.js';

/** Each takes a second or two, unless other tests need the machine. */
const patient = { timeout: 60_000 };

it('50 readers that never read are cut, and whoever reads gets everything', patient, async () => {
  const service = await serverWith({ sendBufferBytes: 200_000, maxEventBytes: 100_000 });
  const { logged } = record(service);
  const idle = await Promise.all(Array.from({ length: 50 }, () => connect(service)));
  const reader = await connect(service);
  for (const client of [...idle, reader]) await client.subscribe('news');
  for (const { socket } of idle) socket.pause();
  const data = 'x'.repeat(90_000);
  let sent = 0;
  // How much the machine takes for each of them before it waits in the server is up to the machine.
  for (; service.api.localConnections > 1 && sent < 500; sent++) {
    await trigger(service, ['news'], `event-${sent}`, data);
    expect((await reader.next(`event-${sent}`)).data).toBe(data);
  }
  expect(service.api.localConnections).toBe(1);
  expect(logged.filter(({ text }) => text.includes('reads too slowly'))).toHaveLength(50);
});

it('2 000 requests with wrong signatures are refused, and a right one among them is answered', patient, async () => {
  const service = await serverWith({});
  const { logged } = record(service);
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  onTestFinished(() => agent.destroy());
  const body = { name: 'x', channels: ['orders'], data: '1' };
  const client = await connect(service);
  await client.subscribe('orders');
  const wrong = Array.from({ length: 2000 }, (_, index) => {
    const signature = index.toString(16).padStart(64, '0');
    return api(service, { method: 'POST', path: '/events', body, signature, agent });
  });
  const right = api(service, { path: '/channels' });
  expect(await right).toMatchObject({ status: 200, json: { channels: { orders: {} } } });
  const statuses = new Set((await Promise.all(wrong)).map(({ status }) => status));
  expect([...statuses]).toEqual([401]);
  expect(await client.settled()).toEqual([]);
  expect(logged).toEqual([]);
});

it('100 upgrades that never end keep nobody out, and do not hold up the close', patient, async () => {
  const service = await serverWith({});
  const slow = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const client = await RawClient.open(service);
      client.collect();
      const head =
        'GET /app/key?protocol=7 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
      client.write(head.slice(0, index));
      return client;
    }),
  );
  onTestFinished(() => {
    for (const client of slow) client.destroy();
  });
  const client = await connect(service);
  await client.subscribe('orders');
  for (const one of slow) one.write('X');
  await trigger(service, ['orders'], 'x', '1');
  await client.next('x');
  expect(service.api.localConnections).toBe(1);
  await service.close();
  await Promise.all(slow.map(({ ended }) => ended));
});

import { expect } from 'vitest';
import { behaviour, type Source } from './documents.js';
import { connect, grant, join, serverWith, sharedServer, trigger } from './support/server.js';

const server = sharedServer();
const source: Source = ['cache', 'Cache channels'];

for (const prefix of ['cache-', 'private-cache-', 'private-encrypted-cache-', 'presence-cache-'])
  behaviour(`a new subscriber of ${prefix}… gets the last event first`, ['cache', 'Subscribe'], async () => {
    const channel = `${prefix}car`;
    await trigger(server(), [channel], 'location', '1');
    await trigger(server(), [channel], 'location', '2');
    const client = await connect(server());
    if (prefix.startsWith('presence-')) await join(client, channel, 'ann');
    else await client.subscribe(channel, grant(client, channel));
    expect(await client.settled()).toEqual([{ event: 'location', channel, data: '2' }]);
  });

behaviour(
  'where there is no event, it gets pusher:cache_miss',
  ['cache', 'pusher:cache_miss client event'],
  async () => {
    const client = await connect(server());
    await client.subscribe('cache-empty');
    expect(await client.settled()).toEqual([{ event: 'pusher:cache_miss', channel: 'cache-empty' }]);
  },
);

behaviour('another channel remembers nothing', source, async () => {
  await trigger(server(), ['orders', 'my-cache-orders'], 'shipped', '1');
  const client = await connect(server());
  for (const channel of ['orders', 'my-cache-orders']) await client.subscribe(channel);
  expect(await client.settled()).toEqual([]);
});

behaviour('client events are not remembered', ['cache', 'FAQ: Are client events also supported?'], async () => {
  const channel = 'private-cache-typing';
  const [sender, reader] = [await connect(server()), await connect(server())];
  for (const client of [sender, reader]) await client.subscribe(channel, grant(client, channel));
  sender.send('client-typing', {}, channel);
  await reader.next('client-typing');
  const late = await connect(server());
  await late.subscribe(channel, grant(late, channel));
  expect(await late.settled()).toEqual([{ event: 'pusher:cache_miss', channel }]);
});

behaviour('an event is kept for some time', ['cache', 'FAQ: How long does the message stay in cache?'], async () => {
  const service = await serverWith({ cacheTtlMs: 1 });
  await trigger(service, ['cache-car'], 'location', '1');
  const client = await connect(service);
  await expect
    .poll(async () => {
      await client.subscribe('cache-car');
      const [first] = await client.settled();
      client.send('pusher:unsubscribe', { channel: 'cache-car' });
      return first?.event;
    })
    .toBe('pusher:cache_miss');
});

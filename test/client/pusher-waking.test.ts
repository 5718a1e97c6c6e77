import { expect, it, onTestFinished, vi } from 'vitest';
import { PushClient } from '../../src/client/index.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { Pusher, useEmbeddedServer } from './embedded-server.js';
import { type Observed, observed } from './observed.js';

const service = useEmbeddedServer();

it('a page finds out within seconds of waking that its connection is dead, whatever tells it that it woke', async () => {
  await service().ready();
  const config = await service().clientConfig();
  const { proxy, port } = await FreezableProxy.start(Number(config.port));
  onTestFinished(() => proxy.close());
  onTestFinished(() => void vi.unstubAllGlobals());

  /** A client in a page of its own. */
  const open = (): Observed & { window: EventTarget } => {
    const window = new EventTarget();
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
    const page = { ...config, host: '127.0.0.1', port, channels: ['news'] };
    return { window, ...observed(new PushClient(page, { Pusher })) };
  };
  const [hidden, asleep, offline, away, unaware, ...others] = Array.from({ length: 6 }, open);
  const [asked] = others;
  if (!hidden || !asleep || !offline || !away || !unaware || !asked) throw new Error('there are six pages');
  const woken = [hidden, asleep, offline, away, asked];
  for (const { subscribed } of [...woken, unaware]) await expect.poll(() => subscribed).toEqual(['news']);
  const before = [...woken, unaware].map(({ client }) => client.socketId);

  proxy.silence();
  hidden.window.dispatchEvent(new Event('visibilitychange'));
  asleep.window.dispatchEvent(new Event('focus'));
  offline.window.dispatchEvent(new Event('online'));
  away.window.dispatchEvent(new Event('pageshow'));
  asked.client.connect();
  for (const { subscribed } of woken)
    await expect.poll(() => subscribed, { timeout: 10_000 }).toEqual(['news', 'news again']);
  for (const { client, states, errors } of woken) {
    expect(before).not.toContain(client.socketId);
    expect([states, errors]).toEqual([['connecting', 'connected', 'connecting', 'connected'], []]);
  }
  expect([unaware.client.state, unaware.client.socketId]).toEqual(['connected', before.at(-1)]);
  await service().channel('news').trigger('posted', 1);
  for (const { heard } of woken) await expect.poll(() => heard).toMatchObject([{ event: 'posted', data: 1 }]);
});

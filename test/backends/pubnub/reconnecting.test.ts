import { expect, it } from 'vitest';
import { answering, badGateway, resetBeforeAnswer, stalledBody } from '../../providers/faults.js';
import { eventually } from './support/eventually.js';
import { spoiling } from './support/faults-by-path.js';
import { sdkVersions } from './support/sdk-versions.js';
import { setUp } from './support/setup.js';

const faults = {
  'a reset': resetBeforeAnswer,
  'a gateway without its service': badGateway,
  'a failing service': answering({ status: 500, body: {} }),
  'too many requests': answering({ status: 429, body: {} }),
  'an answer that does not end': stalledBody,
};

// At the same time, for each waits before it reconnects.
it('goes on where it was, neither losing nor repeating a message, also when reconnecting fails first', async () => {
  const cases = sdkVersions.flatMap((sdk) => Object.entries(faults).map(([what, fault]) => ({ ...sdk, what, fault })));
  const results = cases.map(async ({ version, PubNub, what, fault }) => {
    const { provider, push, heard, logger } = await setUp({ PubNub, longPollSeconds: 1 });
    await push.subscribe('orders');
    provider.publish('orders', 1);
    await eventually(() => provider.counts.get('subscribe')).toBe(3);
    // The next poll, and the first attempt to reconnect.
    provider.server.always = spoiling('/v2/subscribe/', fault, fault === stalledBody ? 1 : 2);
    provider.endPolls();
    await eventually(() => provider.counts.get('subscribe')).toBe(4);
    provider.publish('orders', 2);
    await eventually(() => heard).toHaveLength(2);
    provider.publish('orders', 3);
    await eventually(() => heard).toHaveLength(3);
    return { version, what, heard: heard.map(({ data }) => data), logged: logger.entries.map(({ level }) => level) };
  });
  expect(await Promise.all(results)).toEqual(
    cases.map(({ version, what }) => ({ version, what, heard: [1, 2, 3], logged: ['warn', 'info'] })),
  );
}, 15_000);

import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DeliveryError } from '../../../src/index.js';
import { answering } from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const device = 'abcdef01-2345-4678-89ab-cdef01234567';

describe('a recipient that OneSignal does not know', () => {
  test('is rejected, also where its id comes back as a number', async () => {
    const { push, provider } = await start(onTestFinished);
    provider.server.faults.push(answering({ body: { id: 'n1', errors: { invalid_aliases: { external_id: [7] } } } }));
    const report = await push.send({ users: [7, 8], data: 1 });
    expect(report).toMatchObject({ accepted: ['8'], rejected: [{ channel: '7' }] });
  });

  test('is rejected, also where the id of its device comes back in another case', async () => {
    const { push, provider, requests } = await start(onTestFinished, { options: { target: 'subscriptions' } });
    const other = '00000000-0000-4000-8000-000000000000';
    provider.server.faults.push(
      answering({ body: { id: 'n1', errors: { invalid_player_ids: [device.toUpperCase()] } } }),
    );
    const channels = [device, other, device.toUpperCase()];
    const report = await push.send({ channels, data: 1 });
    expect(report.accepted).toEqual([other]);
    expect(report.rejected.map(({ channel }) => channel)).toEqual([device, device.toUpperCase()]);
    expect(requests()[0]).toMatchObject({ include_subscription_ids: [device, other] });
  });

  test('is not one whose alias differs in case', async () => {
    const { push, provider } = await start(onTestFinished);
    provider.server.faults.push(
      answering({ body: { id: 'n1', errors: { invalid_aliases: { external_id: ['ANN'] } } } }),
    );
    expect(await push.send({ users: ['ann', 'ANN'], data: 1 })).toMatchObject({ accepted: ['ann'] });
  });
});

describe('an answer', () => {
  test.each([{ errors: null }, { errors: [] }, { errors: {} }, { id: null, errors: null }, { id: 5 }])(
    'that says nothing, as %j does, leaves open what happened',
    async (body) => {
      const { push, provider } = await start(onTestFinished, { settings: { retries: 0 } });
      provider.server.always = answering({ body });
      const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
      expect(failure).toMatchObject({ outcome: 'unknown', retryable: true });
      expect(failure.message).toContain('cannot be read');
    },
  );

  test('with errors of a form of its own is told of as it is', async () => {
    const { push, provider, logger } = await start(onTestFinished);
    const errors = { rate: { limit: 3 }, invalid_aliases: { external_id: ['bob'] } };
    provider.server.faults.push(answering({ body: { id: 'n1', errors } }), answering({ body: { errors } }));
    expect(await push.send({ users: ['ann', 'bob'], data: 1 })).toMatchObject({ accepted: ['ann'] });
    expect(logger.entries.map(({ text }) => text)).toEqual(['OneSignal: {"rate":{"limit":3}}']);
    const failure = await failureOf(DeliveryError, push.send({ users: ['ann', 'bob'], data: 1 }));
    expect(failure.message).toContain('OneSignal created no notification: {"rate":{"limit":3}}');
    expect(failure.outcome).toBe('rejected');
  });
});

test('a server whose certificate is unknown got nothing, and is not tried again', async () => {
  const { push, provider } = await start(onTestFinished, { provider: { tls: true } });
  const { globalAgent } = process.getBuiltinModule('node:https');
  globalAgent.options.ca = undefined;
  const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
  expect(failure).toMatchObject({ outcome: 'rejected', retryable: false });
  expect(failure.message).toContain(`OneSignal at ${provider.server.origin} is not trusted`);
  expect(provider.server.requests).toEqual([]);
});

test('the key does not show in the client of the SDK', async () => {
  const { service, provider } = await start(onTestFinished);
  const [key = ''] = provider.secrets;
  expect(everythingShown(service.api) + inspect(service)).not.toContain(key);
});

import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import { DeliveryError } from '../../../src/index.js';
import { answering } from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingBackend } from '../../support/recording-backend.js';
import { serviceOf } from '../composite/support/service.js';
import { start } from './support/start.js';

const device = 'abcdef01-2345-4678-89ab-cdef01234567';

describe('a recipient with a device that has opted out', () => {
  // Source: https://github.com/OneSignal/onesignal-node-api/issues/82
  const body = {
    id: 'bfc9ea0a-8488-441d-9208-7154794d426a',
    errors: { invalid_aliases: { external_id: ['42', '42'] } },
  };

  test('is accepted where it is the only one: the id says that another of its devices was sent the message', async () => {
    const { push, provider } = await start(onTestFinished);
    provider.server.faults.push(answering({ body }));
    const report = await push.send({ users: 42, data: 1 });
    expect(report).toMatchObject({ status: 'accepted', accepted: ['42'], rejected: [], attempts: 1 });
    expect(report.info).toEqual({ 42: { notificationId: body.id } });
  });

  test('is the only one also where several channels stand for it', async () => {
    const { push, provider } = await start(onTestFinished, { options: { recipient: () => '42' } });
    provider.server.faults.push(answering({ body }));
    expect(await push.send({ channels: ['phone', 'web'], data: 1 })).toMatchObject({ accepted: ['phone', 'web'] });
  });

  test('may have got it among others, which are accepted', async () => {
    const { push, provider } = await start(onTestFinished);
    const users = ['ann', 'two-phones', 'opted-out', 'bob'];
    const report = await push.send({ users, data: 1 });
    expect(report).toMatchObject({ status: 'partial', accepted: ['ann', 'bob'], attempts: 1 });
    const unknown = { outcome: 'unknown', retryable: false, status: 200 };
    expect(report.rejected).toMatchObject([
      { channel: 'two-phones', error: unknown },
      { channel: 'opted-out', error: unknown },
    ]);
    expect(report.rejected[0]?.error.message).toContain('At least one device of this recipient has opted out');
    expect(provider.received.map(({ channel }) => channel)).toEqual(['ann', 'two-phones', 'bob']);
  });

  test('may have got it where all are named', async () => {
    const { push } = await start(onTestFinished);
    const failure = await failureOf(DeliveryError, push.send({ users: ['two-phones', 'opted-out'], data: 1 }));
    expect(failure).toMatchObject({ outcome: 'unknown', retryable: false });
    expect(failure.report?.rejected).toHaveLength(2);
  });

  test('got nothing where no notification was created', async () => {
    const { push, provider } = await start(onTestFinished);
    const failure = await failureOf(DeliveryError, push.send({ users: 'opted-out', data: 1 }));
    expect(failure).toMatchObject({ outcome: 'rejected', retryable: false });
    expect(failure.message).toContain('no recipient can get it');
    expect(provider.received).toEqual([]);
  });

  test('is not sent to by the next backend, and one that gets nothing is', async () => {
    const { push, provider, service } = await start(onTestFinished);
    await push.close();
    const next = new RecordingBackend({ maxChannelsPerRequest: 10 });
    const { push: both } = serviceOf(failover(service, next));
    provider.server.faults.push(answering({ body }));
    expect(await both.send({ channels: '42', data: 1 })).toMatchObject({ accepted: ['42'] });
    expect(await both.send({ channels: ['ann', 'two-phones'], data: 1 })).toMatchObject({ accepted: ['ann'] });
    expect(next.sent).toEqual([]);
    expect(await both.send({ channels: 'opted-out', data: 1 })).toMatchObject({ accepted: ['opted-out'] });
    expect(next.sent).toHaveLength(1);
  });

  test('is found, also where its id comes back as a number', async () => {
    const { push, provider } = await start(onTestFinished);
    provider.server.faults.push(answering({ body: { id: 'n1', errors: { invalid_aliases: { external_id: [7] } } } }));
    const report = await push.send({ users: [7, 8], data: 1 });
    expect(report).toMatchObject({ accepted: ['8'], rejected: [{ channel: '7' }] });
  });

  test('is not one whose alias differs in case', async () => {
    const { push, provider } = await start(onTestFinished);
    provider.server.faults.push(
      answering({ body: { id: 'n1', errors: { invalid_aliases: { external_id: ['ANN'] } } } }),
    );
    expect(await push.send({ users: ['ann', 'ANN'], data: 1 })).toMatchObject({ accepted: ['ann'] });
  });
});

test('a stranger among others is accepted, because OneSignal ignores it without a word', async () => {
  const { push, provider } = await start(onTestFinished);
  expect(await push.send({ users: ['ann', 'stranger'], data: 1 })).toMatchObject({ accepted: ['ann', 'stranger'] });
  expect(provider.received.map(({ channel }) => channel)).toEqual(['ann']);
  expect(await failureOf(DeliveryError, push.send({ users: 'stranger', data: 1 }))).toMatchObject({
    outcome: 'rejected',
  });
});

test('a subscription that has opted out is rejected, also where its id comes back in another case', async () => {
  const { push, provider, requests } = await start(onTestFinished, { options: { target: 'subscriptions' } });
  const other = '00000000-0000-4000-8000-000000000000';
  provider.server.faults.push(
    answering({ body: { id: 'n1', errors: { invalid_player_ids: [device.toUpperCase()] } } }),
  );
  const channels = [device, other, device.toUpperCase()];
  const report = await push.send({ channels, data: 1 });
  expect(report.accepted).toEqual([other]);
  const error = { outcome: 'rejected', message: expect.stringContaining('it has opted out, or its id is wrong') };
  expect(report.rejected).toMatchObject([
    { channel: device, error },
    { channel: device.toUpperCase(), error },
  ]);
  expect(requests()[0]).toMatchObject({ include_subscription_ids: [device, other] });
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
    const warnings = logger.entries.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ text }) => text)).toEqual(['OneSignal: {"rate":{"limit":3}}']);
    const failure = await failureOf(DeliveryError, push.send({ users: ['ann', 'bob'], data: 1 }));
    expect(failure.message).toContain('OneSignal created no notification: {"rate":{"limit":3}}');
    expect(failure.outcome).toBe('rejected');
  });
});

test('a 503 leaves open whether the notification was created: another backend is not asked', async () => {
  const { push, provider, service } = await start(onTestFinished);
  provider.server.always = answering({ status: 503, body: { errors: ['Service temporarily unavailable'] } });
  const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1, timeout: 300 }));
  expect(failure).toMatchObject({ outcome: 'unknown', retryable: true, status: 503 });
  await push.close();
  const next = new RecordingBackend();
  const { push: both } = serviceOf(failover(service, next));
  await failureOf(DeliveryError, both.send({ channels: 'ann', data: 1 }));
  expect(next.sent).toEqual([]);
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

import { describe, expect, it, onTestFinished } from 'vitest';
import {
  AuthenticationError,
  DeliveryError,
  RateLimitError,
  TimeoutError,
  ValidationError,
} from '../../../src/index.js';
import * as faults from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const unknownId = '00000000-0000-4000-8000-000000000000';

describe('a notification', () => {
  it('that is scheduled can be cancelled', async () => {
    const { push, service, provider } = await start(onTestFinished);
    const { info } = await push.send({ users: 'ann', data: 1, backendOptions: { sendAfter: new Date(2040, 1) } });
    const id = String(info['ann']?.['notificationId']);
    expect(await service.viewNotification(id)).toMatchObject({ id, data: { data: 1 } });
    await service.cancel(id);
    expect(provider.notifications.size).toBe(0);
    const failure = await failureOf(DeliveryError, service.cancel(id));
    expect(failure).toMatchObject({ status: 404, outcome: 'rejected', retryable: false });
    expect(failure.message).toBe('OneSignal answered 404: Notification not found');
  });

  it('that is out already cannot', async () => {
    const { push, service } = await start(onTestFinished);
    const { info } = await push.send({ users: 'ann', data: 1 });
    const failure = await failureOf(DeliveryError, service.cancel(String(info['ann']?.['notificationId'])));
    expect(failure.message).toBe('OneSignal answered 400: Notification has already been sent to all recipients');
  });

  it.each(['../apps', '..', '', 'a?app_id=b', `${unknownId}/history`, 'ANN'])(
    'has no id such as "%s", and no other path is reached',
    async (id) => {
      const { service, provider } = await start(onTestFinished);
      await failureOf(ValidationError, service.cancel(id));
      await failureOf(ValidationError, service.viewNotification(id));
      expect(provider.server.requests).toEqual([]);
    },
  );

  it('is looked for with the right authorisation, and what is told of it holds nothing of the request', async () => {
    const { push, service, provider } = await start(onTestFinished, { provider: { key: 'legacy' } });
    const { info } = await push.send({ users: 'ann', data: 1 });
    const told = await service.viewNotification(String(info['ann']?.['notificationId']));
    expect(Object.keys(told)).toEqual(['id', 'app_id', 'successful', 'failed', 'data']);
    for (const secret of provider.secrets) expect(everythingShown(told)).not.toContain(secret);
  });
});

describe('a request that goes wrong', () => {
  it.each([
    ['stalled headers', faults.stalledHeaders],
    ['a stalled body', faults.stalledBody],
  ])('with %s ends in time, with its connection', async (_what, fault) => {
    const { service, provider } = await start(onTestFinished, { options: { requestTimeoutMs: 50 } });
    provider.server.faults.push(fault);
    const failure = await failureOf(TimeoutError, service.viewNotification(unknownId));
    expect(failure.message).toBe('OneSignal did not answer within 50 ms.');
    await expect.poll(() => provider.server.openConnections).toBe(0);
  });

  it.each([
    ['says to wait', faults.tooManyRequests('7'), RateLimitError, { retryAfter: 7000, retryable: true }],
    ['is refused', faults.answering({ status: 401, body: { errors: ['No'] } }), AuthenticationError, { status: 401 }],
    ['is reset', faults.resetBeforeAnswer, DeliveryError, { outcome: 'unknown', retryable: true }],
    ['is no JSON', faults.wrongJson, DeliveryError, { outcome: 'unknown' }],
    ['has errors', faults.answering({ body: { errors: ['Already sent'] } }), DeliveryError, { outcome: 'rejected' }],
    ['is no success', faults.answering({ body: { success: false } }), DeliveryError, { outcome: 'rejected' }],
  ])('because the answer %s throws one of our errors', async (_what, fault, ErrorClass, expected) => {
    const { service, provider } = await start(onTestFinished);
    provider.server.faults.push(fault);
    const failure = await failureOf<Error>(ErrorClass, service.cancel(unknownId));
    expect(failure).toMatchObject({ ...expected, backend: 'onesignal' });
    for (const secret of provider.secrets) expect(everythingShown(failure)).not.toContain(secret);
  });
});

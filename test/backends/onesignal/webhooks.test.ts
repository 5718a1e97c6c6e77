import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type OneSignalOptions, OneSignalService } from '../../../src/backends/onesignal/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  PushError,
  type PushService,
  UnsupportedOperationError,
  ValidationError,
} from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';

const secret = 'a-secret-of-the-webhook';
const keys = { appId: '0b9a2f3c-3a43-4f5e-9f30-0d1c1f1f7a11', secretKey: 'os_v2_app_rest-key' };

function service(options: OneSignalOptions = { webhookSecret: secret }): PushService {
  const push = createPushService({ backend: 'onesignal', ...keys, options });
  onTestFinished(() => push.close());
  return push;
}

function webhook(body: unknown, headers: object = { Authorization: `Bearer ${secret}` }) {
  return { headers, rawBody: JSON.stringify(body) } as Parameters<PushService['webhook']>[0];
}

const flat = {
  'event.kind': 'message.push.clicked',
  'event.id': 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
  'event.timestamp': '1708559115',
  'event.external_id': 'ann',
  'message.id': 'b2c3d4e5-f6a7-8901-bcde-f12345678901',
};
const nested = {
  event: { kind: flat['event.kind'], id: flat['event.id'], timestamp: 1_708_559_115, external_id: 'ann' },
  message: { id: flat['message.id'] },
};

describe('an event', () => {
  it.each<[string, object]>([
    ['with a period in its names', flat],
    ['of objects', nested],
    [
      "in the groups of OneSignal's own example",
      {
        'Event Data': Object.fromEntries(Object.entries(flat).filter(([name]) => name.startsWith('event.'))),
        'Message Data': { 'message.id': flat['message.id'], 'message.name': '' },
      },
    ],
    [
      'whose user is an object of its own',
      { ...nested, event: { ...nested.event, external_id: '' }, user: { external_id: 'ann' } },
    ],
    ['with a date', { ...flat, 'event.timestamp': '', 'event.datetime': '2024-02-21T23:45:15.000Z' }],
  ])('is read %s', async (_what, body) => {
    expect(await service().webhook(webhook(body))).toEqual([
      {
        type: 'notificationClicked',
        id: flat['event.id'],
        time: new Date('2024-02-21T23:45:15Z'),
        backend: 'onesignal',
        notificationId: flat['message.id'],
        userId: 'ann',
        raw: body,
      },
    ]);
  });

  it.each([
    ['message.push.sent', 'notificationSent'],
    ['message.push.received', 'notificationDelivered'],
    ['message.push.clicked', 'notificationClicked'],
    ['message.push.failed', 'notificationFailed'],
    ['message.push.unsubscribed', 'notificationUnsubscribed'],
  ])('%s is a %s', async (kind, type) => {
    expect(await service().webhook(webhook({ ...flat, 'event.kind': kind }))).toMatchObject([
      { type, notificationId: flat['message.id'] },
    ]);
  });

  it.each(['message.email.opened', 'message.sms.delivered', 'journey.finished'])('%s is other', async (kind) => {
    expect(await service().webhook(webhook({ ...flat, 'event.kind': kind }))).toMatchObject([
      { type: 'other', name: kind, id: flat['event.id'] },
    ]);
  });

  it('has neither recipient nor notification where the template had nothing for them', async () => {
    const [event] = await service().webhook(webhook({ ...flat, 'event.external_id': '', 'message.id': '' }));
    expect(event).toMatchObject({ type: 'notificationClicked', notificationId: undefined });
    expect(event).not.toHaveProperty('userId');
  });

  it('that comes again is dropped by its id, whatever else has changed', async () => {
    const push = service();
    expect(await push.webhook(webhook([flat, { ...flat, 'event.id': 'other' }]))).toHaveLength(2);
    expect(await push.webhook(webhook([nested]))).toEqual([]);
  });

  it('without an id is dropped when it comes again with the same time, and never without one', async () => {
    const push = service();
    const { 'event.id': _id, ...dated } = flat;
    const { 'event.timestamp': _timestamp, ...undated } = dated;
    const counts = [];
    for (const body of [dated, dated, undated, undated]) counts.push((await push.webhook(webhook(body))).length);
    expect(counts).toEqual([1, 0, 1, 1]);
  });

  it('of long ago is read: events may come late', async () => {
    expect(await service().webhook(webhook({ ...flat, 'event.timestamp': 0 }))).toMatchObject([{ time: new Date(0) }]);
  });
});

it.each<[string, unknown]>([
  ['an object of another template', { kind: 'message.push.sent' }],
  ['nothing', null],
  ['a list with a text', [flat, 'text']],
])('a body that says no kind is refused, saying what to do: %s', async (_what, body) => {
  const failure = await failureOf(ValidationError, service().webhook(webhook(body)));
  expect(failure.message).toBe(
    'An event of the webhook has no "event.kind": set the body of the Event Stream to the one in the guide to webhooks.',
  );
});

describe('the secret', () => {
  it('is missing or wrong: the webhook is refused', async () => {
    const handled: unknown[] = [];
    for (const headers of [{}, { authorization: 'Bearer another-secret-than-ours' }])
      await failureOf(
        AuthenticationError,
        service().webhook(webhook(flat, headers), (event) => handled.push(event)),
      );
    expect(handled).toEqual([]);
  });

  it('is not set: no webhook is taken', async () => {
    const push = service({});
    expect([push.backend.capabilities.webhooks, service().backend.capabilities.webhooks]).toEqual([false, true]);
    const failure = await failureOf(UnsupportedOperationError, push.webhook(webhook(flat)));
    expect(failure.message).toContain('set the option "webhookSecret"');
  });

  it('that is too short is refused, and one that is set shows nowhere', async () => {
    const build = (webhookSecret: string) => new OneSignalService({ ...keys, options: { webhookSecret } });
    await failureOf(ConfigurationError, () => build('short'));
    expect(JSON.stringify(build(secret))).not.toContain(secret);
    expect(build(secret).redact(secret)).toBe('[secret]');
  });
});

it('whatever comes with the secret is read or refused, and never crashes', async () => {
  const push = service();
  const part = fc.anything();
  const event = fc.record({
    'event.kind': fc.oneof(fc.constant('message.push.sent'), part),
    event: fc.oneof(fc.record({ id: part, timestamp: part, datetime: part, external_id: part }), part),
    message: part,
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(event, fc.array(event), part), async (body) => {
      const rawBody = JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? String(value) : value)) ?? '';
      const result = await push
        .webhook({ headers: { authorization: secret }, rawBody })
        .catch((failure: unknown) => failure);
      expect(Array.isArray(result) || PushError.isPushError(result), String(result)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

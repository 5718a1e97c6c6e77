import { describe, expect, it } from 'vitest';
import { createPushService, DeliveryError, type MessageRecord } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { userChannels } from '../../src/sessions/user-channels.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { TestClock } from '../support/test-clock.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;
const down = new DeliveryError('the provider is down', { outcome: 'rejected', retryable: true, status: 503 });
const refused = new DeliveryError('the text is too long', { outcome: 'rejected', retryable: false, status: 400 });

// What a pymess message is, row by row, and what it is here.
describe('pymess: BaseMessage', () => {
  it('has every field: created_at, changed_at, sent_at, recipient, content, backend, error, tag and the others', async () => {
    const clock = new TestClock();
    await using recorded = recordedService({}, clock);
    const { push } = recorded;
    await recordedSession(push, 'ann');
    const { id } = await push.send({
      event: 'invoice.due',
      users: 'ann',
      data: { invoiceId: 7 },
      notification: { title: 'Invoice', body: 'It is due on Friday.', url: 'https://shop.example/invoices/7' },
      extraData: { campaign: 'autumn' },
      tag: 'invoices',
      priority: 'high',
      relatedTo: { type: 'invoice', id: 7 },
    });
    const now = new Date(clock.now());
    expect(await push.messages.get(id)).toEqual({
      id,
      service: 'default',
      state: 'SENT',
      createdAt: now,
      changedAt: now,
      sentAt: now,
      sendAfter: now,
      expiresAt: undefined,
      event: 'invoice.due',
      recipients: { users: ['ann'] },
      data: { invoiceId: 7 },
      notification: { title: 'Invoice', body: 'It is due on Friday.', url: 'https://shop.example/invoices/7' },
      template: undefined,
      backend: 'recording',
      error: undefined,
      reason: undefined,
      channels: [{ state: 'accepted', channels: ['of-ann'], users: ['ann'], backend: 'recording', at: clock.now() }],
      extraData: { campaign: 'autumn' },
      extraSenderData: {},
      tag: 'invoices',
      attempts: 1,
      retrySending: false,
      priority: 'high',
      key: undefined,
      idempotencyKey: undefined,
      condition: undefined,
      except: undefined,
      via: undefined,
      backendOptions: undefined,
      timeout: undefined,
      traceContext: undefined,
      relatedTo: [{ type: 'invoice', id: '7' }],
    } satisfies MessageRecord);
  });

  it('priority decides which of those that are due is sent first', async () => {
    await using recorded = recordedService({ worker: false });
    const { push, backend } = recorded;
    for (const priority of ['low', 'normal', 'high'] as const)
      await push.send({ event: priority, channels: priority, priority, wait: false });
    await push.sendBatch();
    expect(backend.sent.flat()).toEqual(['high', 'normal', 'low']);
    expect(await push.messages.find({ event: 'high' })).toMatchObject({ messages: [{ priority: 'high' }] });
  });

  it('STATE is WAITING before it is sent, and SENT after', async () => {
    await using recorded = recordedService();
    const { push, clock } = recorded;
    const { id, status } = await push.send({ event: 'hello', channels: 'a', delay: '1m' });
    expect(status).toBe('waiting');
    expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING', sentAt: undefined });
    await clock.advance(2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', sentAt: expect.any(Date) });
  });

  it('STATE is ERROR with the error when the provider refuses it', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    backend.answer = () => Promise.reject(refused);
    await expect(push.send({ event: 'hello', channels: 'a' })).rejects.toThrow(DeliveryError);
    const { messages } = await push.messages.find({ state: 'ERROR' });
    expect(messages).toMatchObject([
      { state: 'ERROR', attempts: 1, retrySending: false, error: { message: 'the text is too long', status: 400 } },
    ]);
  });

  it('related_objects and tag are found again: filter_related_object', async () => {
    await using recorded = recordedService();
    const { push } = recorded;
    const order = { type: 'order', id: 42 };
    await push.send({
      event: 'shipped',
      channels: 'a',
      tag: 'orders',
      relatedTo: [order, { type: 'customer', id: 'c' }],
    });
    await push.send({ event: 'other', channels: 'a', tag: 'orders', relatedTo: { type: 'order', id: 43 } });
    await push.send({ event: 'third', channels: 'a', relatedTo: { type: 'parcel', id: 42 } });
    const events = async (query: object): Promise<string[]> =>
      (await push.messages.find(query)).messages.map(({ event }) => event).sort();
    expect(await events({ relatedTo: order })).toEqual(['shipped']);
    expect(await events({ relatedTo: { type: 'customer', id: 'c' } })).toEqual(['shipped']);
    expect(await events({ tag: 'orders' })).toEqual(['other', 'shipped']);
    // was_sent(template_slug, related_object)
    expect(await push.messages.count({ event: 'shipped', relatedTo: order, state: 'SENT' })).toBe(1);
  });

  it('number_of_send_attempts and retry_sending are attempts and retrySending, with ERROR_RETRY between', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = () => Promise.reject(down);
    const { id } = await push.send({ event: 'hello', channels: 'a' });
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY', attempts: 1, retrySending: true });
    await clock.advance(2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY', attempts: 2, retrySending: true });
    await clock.advance(70 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      attempts: 3,
      retrySending: false,
      error: { message: 'the provider is down', status: 503, retryable: true },
    });
  });

  it('retry_sending set by hand is messages.retry', async () => {
    await using recorded = recordedService({ recording: { retryDelays: [] } });
    const { push, backend, clock } = recorded;
    backend.answer = () => Promise.reject(down);
    await expect(push.send({ event: 'hello', channels: 'a' })).rejects.toThrow('the provider is down');
    const { messages } = await push.messages.find();
    const { id = '' } = messages[0] ?? {};
    backend.answer = () => undefined;
    expect(await push.messages.retry(id)).toBe(true);
    await clock.advance(1_000);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2, error: undefined });
  });

  it('extra_data is recorded and not sent, extra_sender_data is what the provider told', async () => {
    await using recorded = recordedService({ limits: { maxChannelsPerRequest: 10 } });
    const { push, backend } = recorded;
    backend.answer = ({ channels }) => channels.map((channel) => ({ channel, info: { id: `n-${channel}` } }));
    const { id } = await push.send({ event: 'hello', channels: ['a', 'b'], data: 1, extraData: { source: 'crm' } });
    expect(await push.messages.get(id)).toMatchObject({
      data: 1,
      extraData: { source: 'crm' },
      extraSenderData: { a: { id: 'n-a' }, b: { id: 'n-b' } },
    });
    expect(JSON.stringify(backend.requests.map(({ message }) => message.payload ?? message.data))).not.toContain('crm');
  });
});

// The command itself is run in test/cli/send-batch.test.ts.
describe('pymess: what the command send_messages_batch does', () => {
  it('sends so many waiting messages, and what waits for its next try', async () => {
    await using recorded = recordedService({ worker: false });
    const { push, backend, clock } = recorded;
    backend.answer = () => Promise.reject(down);
    await push.send({ event: 'retried', channels: 'a' });
    backend.answer = () => undefined;
    await push.send({ event: 'waiting', channels: 'b', wait: false });
    await push.send({ event: 'urgent', channels: 'c', wait: false, priority: 'high' });
    await clock.advance(2 * MINUTE);
    // PUSH_NOTIFICATION_BATCH_SIZE
    expect(await push.sendBatch({ size: 2 })).toMatchObject({ sent: 2, left: 1 });
    expect(backend.sent.flat()).toEqual(['a', 'c', 'b']);
    expect(await push.sendBatch({ size: 2 })).toMatchObject({ sent: 1, left: 0 });
    expect(await push.messages.find({ event: 'retried' })).toMatchObject({
      messages: [{ state: 'SENT', attempts: 2 }],
    });
  });

  it('has BATCH_MAX_NUMBER_OF_SEND_ATTEMPTS and BATCH_MAX_SECONDS_TO_SEND: maxAttempts and maxAge make an ERROR', async () => {
    await using recorded = recordedService({ worker: false });
    const { push, backend, clock } = recorded;
    backend.answer = () => Promise.reject(down);
    await push.send({ event: 'tried', channels: 'a' });
    await push.send({ event: 'old', channels: 'b', delay: 3 * MINUTE });
    await clock.advance(2 * MINUTE);
    expect(await push.sendBatch({ maxAttempts: 2 })).toMatchObject({ failed: 1 });
    await clock.advance(2 * MINUTE);
    expect(await push.sendBatch({ maxAge: MINUTE - 1 })).toMatchObject({ failed: 1 });
    const { messages } = await push.messages.find({ state: 'ERROR' });
    expect(messages.map(({ event, attempts }) => [event, attempts]).sort()).toEqual([
      ['old', 0],
      ['tried', 2],
    ]);
  });
});

describe('pymess: DummyPushNotificationBackend', () => {
  it('is the backend console: the message is DEBUG', async () => {
    const printed: string[] = [];
    const stream = { write: (text: string) => printed.push(text) };
    await using push = createPushService({ backend: 'console', options: { stream }, messages: memoryMessages() });
    const { id } = await push.send({ event: 'hello', channels: 'a' });
    expect(await push.messages.get(id)).toMatchObject({ state: 'DEBUG', sentAt: undefined, backend: 'console' });
    expect(printed).toHaveLength(1);
  });

  it('is recording.debug with any backend: the message is DEBUG, and nobody is asked', async () => {
    await using recorded = recordedService({ recording: { debug: true } });
    const { push, backend } = recorded;
    const { id } = await push.send({ event: 'hello', channels: 'a' });
    expect(await push.messages.get(id)).toMatchObject({ state: 'DEBUG', attempts: 0 });
    expect(backend.requests).toHaveLength(0);
  });
});

describe('pymess: a router of backends', () => {
  it('routes by recipient with get_backend_name(recipient): the setting routes, and None is the first backend', async () => {
    const [europe, america] = [new RecordingBackend(), new RecordingBackend()];
    await using push = createPushService({
      backends: { europe, america },
      routes: (user) => (String(user).startsWith('us-') ? 'america' : undefined),
      sessions: userChannels(),
      messages: memoryMessages(),
    });
    const { id } = await push.send({ event: 'invoice', users: ['us-7', 'at-8'], data: 1 });
    expect([europe.sent, america.sent]).toEqual([[['at-8']], [['us-7']]]);
    const record = await push.messages.get(id);
    expect(record?.channels).toMatchObject([
      { state: 'accepted', users: ['at-8'], backend: 'europe' },
      { state: 'accepted', users: ['us-7'], backend: 'america' },
    ]);
  });

  it('routes alike what the worker sends later', async () => {
    const [europe, america] = [new RecordingBackend(), new RecordingBackend()];
    await using push = createPushService({
      backends: { europe, america },
      routes: (user) => (String(user).startsWith('us-') ? 'america' : undefined),
      sessions: userChannels(),
      messages: memoryMessages(),
    });
    const sent = new Promise((resolve) => push.once('sent', resolve));
    await push.send({ event: 'invoice', users: ['us-7', 'at-8'], data: 1, wait: false });
    await sent;
    expect([europe.sent, america.sent]).toEqual([[['at-8']], [['us-7']]]);
  });
});

async function recordedSession(push: { readonly sessions: unknown }, user: string): Promise<void> {
  await (push.sessions as { add(user: string, channel: string): Promise<unknown> }).add(user, `of-${user}`);
}

import {
  AbortError,
  AuthenticationError,
  type BackendMessageOptions,
  ConfigurationError,
  createPushService,
  DeliveryError,
  type DeliveryOutcome,
  type IncomingMessage,
  PushError,
  type PushErrorCode,
  PushService,
  type PushUser,
  RateLimitError,
  type RejectedChannel,
  type SendReport,
  type SendStatus,
  type SkippedChannel,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from 'pushrail';
import type { ClientConfig } from 'pushrail/client';
import { expectTypeOf } from 'vitest';

const push = createPushService({ backend: 'console' });
const data = { orderId: 42 };

// A message goes to channels or to users, one or several.
void push.send({ event: 'order.shipped', channels: 'orders', data });
void push.send({ channels: ['orders', 'audit'], data: null });
void push.send({ channels: new Set(['orders']), data: [1, 'two', { three: 3 }] });
void push.send({ users: 'ann', data });
void push.send({ users: [1, 2n, { id: 'ann' }] satisfies PushUser[], data });
void push.send({ channels: 'orders', data, notification: { title: 'Shipped', body: 'It is on its way.' } });
void push.send({
  channels: 'orders',
  data,
  except: new Request('http://localhost'),
  signal: AbortSignal.timeout(1),
  timeout: 100,
});
void push.send({ channels: 'orders', data, idempotencyKey: 'order-42', backendOptions: { ttl: 1 } });
// @ts-expect-error: not to both
void push.send({ channels: 'orders', users: 'ann', data });
// @ts-expect-error: to one of the two
void push.send({ event: 'order.shipped', data });
void push.send({ event: 'order.shipped', channels: 'orders' });
void push.trigger(['orders'], 'order.shipped', data, '123.456');
void push
  .channel('orders')
  .trigger('order.shipped', undefined, { socket_id: '123.456', notification: { title: 'Hi' } });
// @ts-expect-error: trigger() has an event
void push.trigger('orders');
// @ts-expect-error: an option that is not known
void push.channel('orders').trigger('order.shipped', data, { excpet: '123.456' });
const failure: unknown = undefined;
if (PushError.is(failure, RateLimitError) && !('retryAfter' in failure))
  expectTypeOf(failure.reason).toEqualTypeOf<RateLimitError>();
expectTypeOf(push.fire({ users: 'ann', data })).toEqualTypeOf<void>();
// @ts-expect-error: a channel is its name
void push.send({ channels: 42, data });
void push.send({ channels: 'orders', data, notification: { body: 'It is on its way.' } });
// @ts-expect-error: a notification has a title or a body
void push.send({ channels: 'orders', data, notification: { url: 'https://shop.example' } });
// @ts-expect-error: an option that there is not
void push.send({ channel: 'orders', channels: 'orders', data });

// The report knows the users that it was asked for.
expectTypeOf(push.send({ channels: 'orders', data })).resolves.toEqualTypeOf<SendReport<PushUser>>();
const customers = [{ id: 1, name: 'Ann' }];
const report = await push.send({ users: customers, data });
expectTypeOf(report.unreachable).toEqualTypeOf<readonly { id: number; name: string }[]>();
expectTypeOf(report.status).toEqualTypeOf<SendStatus>();
expectTypeOf<SendStatus>().toEqualTypeOf<'accepted' | 'partial' | 'rejected' | 'skipped' | 'unreachable' | 'waiting'>();
expectTypeOf(report.accepted).toEqualTypeOf<readonly string[]>();
expectTypeOf(report.rejected).toEqualTypeOf<readonly RejectedChannel[]>();
expectTypeOf(report.skipped).toEqualTypeOf<readonly SkippedChannel[]>();
expectTypeOf(report.info['orders']?.notificationId).toEqualTypeOf<string | undefined>();
expectTypeOf(push.sendMany([{ users: customers, data }])).resolves.toEqualTypeOf<
  SendReport<{ id: number; name: string }>[]
>();
expectTypeOf(push.channel('orders').trigger('order.shipped', data)).resolves.toEqualTypeOf<SendReport>();

// What comes in, and what a page is given.
push.on('messageReceived', (message) => expectTypeOf(message).toEqualTypeOf<IncomingMessage>());
for await (const message of push.messages('orders')) expectTypeOf(message.data).toBeUnknown();
expectTypeOf(push.clientConfig({ user: 'ann' })).resolves.toEqualTypeOf<ClientConfig>();
expectTypeOf(push.clientConfig()).resolves.toEqualTypeOf<ClientConfig>();
// @ts-expect-error: an event that there is not
push.on('messageRecieved', () => {});

// Rules know the parameters of their pattern.
PushService.authorize('private-orders.{orderId}', ({ params, user, channel, request }) => {
  expectTypeOf(params).toEqualTypeOf<{ readonly orderId: string }>();
  expectTypeOf(user).toEqualTypeOf<PushUser>();
  expectTypeOf(channel).toEqualTypeOf<string>();
  expectTypeOf(request).toEqualTypeOf<Request | undefined>();
  return true;
});
push.authorize('presence-{shop}.{rest*}', async ({ params }) => {
  expectTypeOf(params).toEqualTypeOf<{ readonly shop: string; readonly rest: string }>();
  return { id: 'ann', info: { name: 'Ann' } };
});
push.authorize('private-news', ({ params }) => {
  // @ts-expect-error: a pattern without parameters has none
  return params.orderId === '';
});
push.authorize('private-{a}', ({ params }) => {
  // @ts-expect-error: a parameter of another name
  return params.b === '';
});
declare const patternOfTheDatabase: string;
push.authorize(patternOfTheDatabase, ({ params }) => {
  expectTypeOf(params).toEqualTypeOf<Readonly<Record<string, string>>>();
  return false;
});
// @ts-expect-error: a rule decides, and does not describe
push.authorize('private-{c}', () => 'yes');
// @ts-expect-error: a member has an id
push.authorize('presence-{d}', () => ({ info: { name: 'Ann' } }));

// Errors say what they know.
declare const error: unknown;
if (PushError.isPushError(error)) {
  expectTypeOf(error.code).toEqualTypeOf<PushErrorCode>();
  expectTypeOf(error.retryable).toEqualTypeOf<boolean>();
  expectTypeOf(error.status).toEqualTypeOf<number | undefined>();
  expectTypeOf(error.backend).toEqualTypeOf<string | undefined>();
  // @ts-expect-error: only some errors know how long to wait
  error.retryAfter;
}
if (error instanceof DeliveryError) {
  expectTypeOf(error.outcome).toEqualTypeOf<DeliveryOutcome>();
  expectTypeOf(error.report).toEqualTypeOf<SendReport | undefined>();
  expectTypeOf(error.reports).toEqualTypeOf<readonly SendReport[]>();
}
if (error instanceof RateLimitError) expectTypeOf(error.retryAfter).toEqualTypeOf<number | undefined>();
if (error instanceof TimeoutError) expectTypeOf(error.outcome).toEqualTypeOf<'rejected' | 'unknown'>();
if (error instanceof AbortError) expectTypeOf(error.outcome).toEqualTypeOf<'rejected' | 'unknown'>();
const plainErrors = [AuthenticationError, ConfigurationError, UnsupportedOperationError, ValidationError];
expectTypeOf<InstanceType<(typeof plainErrors)[number]>>().toExtend<PushError>();
expectTypeOf<RejectedChannel['error']>().toEqualTypeOf<PushError>();
// @ts-expect-error: a delivery that failed says whether the message may have arrived
new DeliveryError('It failed.', { retryable: true });
// @ts-expect-error: an outcome that there is not
new DeliveryError('It failed.', { outcome: 'maybe' });

// A message as its backend gets it to check.
expectTypeOf<BackendMessageOptions['event']>().toEqualTypeOf<string>();

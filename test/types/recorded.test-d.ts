import {
  type ChannelOutcome,
  createPushService,
  type Duration,
  type IncomingMessage,
  type JsonValue,
  type MessageRecord,
  type MessageState,
  type MessageStore,
  type SendStatus,
} from 'pushrail';
import { memoryMessages } from 'pushrail/messages/memory';
import { mysqlMessages } from 'pushrail/messages/mysql';
import { postgresMessages } from 'pushrail/messages/postgres';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { expectTypeOf } from 'vitest';

expectTypeOf(memoryMessages()).toExtend<MessageStore>();
expectTypeOf(sqliteMessages({ file: 'push.db' })).toExtend<MessageStore>();
expectTypeOf(mysqlMessages('mysql://localhost/shop')).toExtend<MessageStore>();
expectTypeOf(postgresMessages('postgres://localhost/shop')).toExtend<MessageStore>();

const push = createPushService({
  backend: 'console',
  name: 'shop',
  messages: sqliteMessages({ file: 'push.db', synchronous: 'normal' }),
  recording: { retryDelays: ['1m', 5_000], whenUnknown: 'keep', retention: { SENT: '7d', ERROR: false } },
  worker: { concurrency: 10, lease: '30s', poll: '1s' },
});
createPushService({ backend: 'console', messages: 'sqlite:push.db', worker: false });
createPushService({ backend: 'console', messages: false });
// @ts-expect-error: which one
createPushService({ backend: 'console', messages: true });
// @ts-expect-error: a message that waits is not removed
createPushService({ backend: 'console', messages: memoryMessages(), recording: { retention: { WAITING: '1d' } } });
// @ts-expect-error: no duration
createPushService({ backend: 'console', messages: memoryMessages(), recording: { retryDelays: ['soon'] } });

void push.send({ users: 'ann', delay: '30m', when: 'unread', key: 'invite:42', expires: '2h', priority: 'high' });
void push.send({ users: 'ann', at: new Date(), when: { name: 'unpaid', args: { invoice: 42 } }, wait: false });
void push.send({ channels: 'a', tag: 'bill', relatedTo: [{ type: 'order', id: 42 }], extraData: [1], record: true });
void push.trigger('orders', 'order.shipped', {}, { delay: 500, transaction: {} });
// @ts-expect-error: one of three
void push.send({ channels: 'a', priority: 1 });
// @ts-expect-error: no unit
void push.send({ channels: 'a', delay: '30' });

expectTypeOf<'waiting' | 'skipped'>().toExtend<SendStatus>();
expectTypeOf<'1.5h'>().toExtend<Duration>();

// One name for what comes in and for what was recorded.
expectTypeOf(push.messages('orders')).toEqualTypeOf<AsyncIterableIterator<IncomingMessage>>();
const { messages, cursor } = await push.messages.find({ state: ['ERROR', 'ERROR_RETRY'], recipient: 'ann', limit: 10 });
expectTypeOf(messages).toEqualTypeOf<readonly MessageRecord[]>();
expectTypeOf(cursor).toEqualTypeOf<string | undefined>();
expectTypeOf(await push.messages.get('id')).toEqualTypeOf<MessageRecord | undefined>();
expectTypeOf<MessageRecord['state']>().toEqualTypeOf<MessageState>();
expectTypeOf<MessageRecord['channels']>().toEqualTypeOf<readonly ChannelOutcome[]>();
void push.messages.find<{ email: string }>({ recipient: { email: 'ann@example.com' } });
void push.messages.markRead({ user: 'ann', tag: 'chat' });
// @ts-expect-error: by one of the three
void push.messages.markRead({ user: 'ann', tag: 'chat', id: 'x' });

push
  .on('failed', (message) => expectTypeOf(message).toEqualTypeOf<MessageRecord>())
  .on('messageReceived', ({ channel }) => expectTypeOf(channel).toEqualTypeOf<string>());
// @ts-expect-error: there is no such event
push.on('delivered', () => {});
push.condition('unpaid', async (message, args) => message.attempts === 0 && args !== undefined);
push.condition('first', (_message, args) => {
  expectTypeOf(args).toEqualTypeOf<JsonValue | undefined>();
  return true;
});
// Who knows what is handed over says so.
push.condition('unpaid', (_message, { invoice }: { invoice: number }) => invoice > 0, { replace: true });
// @ts-expect-error: nobody knows what is handed over
push.condition('due', (_message, { invoice }) => invoice > 0);
// @ts-expect-error: neither true nor false
push.condition('later', () => 'later');

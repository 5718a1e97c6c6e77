import { expect, it } from 'vitest';
import { recordedService } from './recorded-service.js';

it('what the caller changes after the call of send() changes nothing of the message', async () => {
  await using recorded = recordedService();
  const { push } = recorded;
  const data = { n: 1 };
  const extraData = { n: 1 };
  const options = { event: 'e', channels: ['a'], data, extraData, tag: 'one', delay: '1h' as string | undefined };
  const first = push.send(options as never);
  data.n = 2;
  extraData.n = 2;
  options.channels.push('b');
  options.tag = 'two';
  options.delay = undefined;
  const { id, status } = await first;
  expect(status).toBe('waiting');
  expect(await push.messages.get(id)).toMatchObject({
    data: { n: 1 },
    extraData: { n: 1 },
    tag: 'one',
    recipients: { channels: ['a'] },
  });
});

it('what the caller changes after the call of sendTemplate() changes nothing of the message', async () => {
  await using recorded = recordedService();
  const { push } = recorded;
  push.template('note', { title: 'Hello {{ person.name }}', canSend: async () => true });
  const data = { n: 1, list: [{ at: new Date(0) }] };
  const context = { person: { name: 'Ann' } };
  const options = {
    slug: 'note',
    users: ['ann'],
    data,
    context,
    extraData: { n: 1 },
    relatedTo: [{ type: 'order', id: 1 }],
    notification: { url: '/one' },
    retryDelays: [1_000],
    at: new Date('2030-01-01T00:00:00Z'),
    tag: 'one',
  };
  const sending = push.sendTemplate(options);
  options.users[0] = 'bob';
  data.n = 2;
  data.list[0]?.at.setTime(1);
  context.person.name = 'Bob';
  options.extraData.n = 2;
  options.relatedTo.push({ type: 'order', id: 2 });
  options.notification.url = '/two';
  options.retryDelays[0] = -1;
  options.at.setTime(0);
  options.tag = 'two';
  const report = await sending;
  expect(report?.status).toBe('waiting');
  expect(await push.messages.get(report?.id ?? '')).toMatchObject({
    recipients: { users: ['ann'] },
    data: { n: 1, list: [{ at: '1970-01-01T00:00:00.000Z' }] },
    notification: { title: 'Hello Ann', url: '/one' },
    extraData: { n: 1 },
    relatedTo: [{ type: 'order', id: '1' }],
    sendAfter: new Date('2030-01-01T00:00:00Z'),
    tag: 'one',
  });
});

it('sendTemplate() reads channels at once, and leaves getters and objects of classes for later', async () => {
  await using recorded = recordedService();
  const { push } = recorded;
  class Money {
    readonly amount: number = 7;
    toJSON(): string {
      return `${this.amount} EUR`;
    }
  }
  push.template('bill', { title: '{{ price.amount }} {{ isReady }} {{ self.price.amount }}', data: 'none' });
  const channels = ['a'];
  const circle: Record<string, unknown> = { price: new Money() };
  circle['self'] = circle;
  let isReady = false;
  const lazy = { enumerable: true, get: () => isReady };
  Object.defineProperty(circle, 'isReady', lazy);
  const sending = push.sendTemplate({ slug: 'bill', channels, context: circle, data: { price: new Money() } });
  channels.push('b');
  isReady = true;
  const report = await sending;
  expect(await push.messages.get(report?.id ?? '')).toMatchObject({
    recipients: { channels: ['a'] },
    data: { price: '7 EUR' },
    notification: { title: '7 true 7' },
  });
});

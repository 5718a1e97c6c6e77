import { describe, expect, it } from 'vitest';
import { DeliveryError, ValidationError } from '../../src/index.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

describe('a message for later', () => {
  it('is sent after its delay, and not before', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    const report = await push.send({ event: 'hello', channels: 'a', delay: '30m' });
    expect(report).toMatchObject({ status: 'waiting', channels: [] });
    await clock.advance(29 * MINUTE);
    expect(backend.requests).toHaveLength(0);
    await clock.advance(2 * MINUTE);
    expect(backend.sent).toEqual([['a']]);
  });

  it('is sent at a date, also beyond what a timer takes', async () => {
    await using recorded = recordedService({ worker: { poll: '1h' } });
    const { push, backend, clock } = recorded;
    await push.send({ event: 'hello', channels: 'a', at: new Date(clock.now() + 60 * DAY) });
    await clock.advance(59 * DAY);
    expect(backend.requests).toHaveLength(0);
    await clock.advance(2 * DAY);
    expect(backend.requests).toHaveLength(1);
  });

  it('resolves when it is recorded with wait: false, and is sent at once', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = () => {
      throw new DeliveryError('refused', { outcome: 'rejected' });
    };
    const { id, status } = await push.send({ event: 'hello', channels: 'a', wait: false });
    expect(status).toBe('waiting');
    await clock.advance(0);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR' });
  });

  it('waits by the same clock as the tries that send makes at once', async () => {
    await using recorded = recordedService({ retries: 2 });
    const { push, backend, clock } = recorded;
    backend.answer = (_, index) => {
      if (index < 2) throw new DeliveryError('away', { outcome: 'rejected', retryable: true });
    };
    const sending = push.send({ event: 'hello', channels: 'a' });
    await clock.advance(0);
    expect(backend.requests).toHaveLength(1);
    await clock.advance(5_000);
    expect(await sending).toMatchObject({ status: 'accepted', attempts: 3 });
  });

  it('goes by priority, then by age', async () => {
    await using recorded = recordedService({ worker: false });
    const { push, backend, clock } = recorded;
    for (const [event, priority] of [
      ['low', 'low'],
      ['normal', undefined],
      ['high', 'high'],
      ['later', undefined],
    ] as const) {
      await push.send({ event, channels: 'a', wait: false, priority });
      await clock.advance(10);
    }
    await using other = recordedService({ messages: recorded.store }, clock);
    await clock.advance(1_000);
    expect(backend.requests).toHaveLength(0);
    expect(other.backend.requests.map(({ message }) => message.event)).toEqual(['high', 'normal', 'later', 'low']);
  });

  it('is skipped when it has expired', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = () => {
      throw new DeliveryError('away', { outcome: 'rejected', retryable: true });
    };
    const { id } = await push.send({ event: 'hello', channels: 'a', expires: '30s' });
    await clock.advance(2 * MINUTE);
    expect(backend.requests).toHaveLength(1);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SKIPPED', reason: 'expired' });
    expect(recorded.events).toContain('skipped hello');
  });

  it('is stopped by its key, with all others under it, and says how many', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    await push.send({ event: 'one', channels: 'a', delay: '1m', key: 'invite:42' });
    await push.send({ event: 'two', channels: 'a', delay: '1h', key: 'invite:42' });
    const { id } = await push.send({ event: 'three', channels: 'a', delay: '1h', key: 'invite:43' });
    await clock.advance(2 * MINUTE);
    expect(await push.cancel('invite:42')).toBe(1);
    expect(await push.cancel('invite:42')).toBe(0);
    expect(await push.messages.cancel(id)).toBe(true);
    expect(await push.messages.cancel(id)).toBe(false);
    await clock.advance(120 * MINUTE);
    expect(backend.requests.map(({ message }) => message.event)).toEqual(['one']);
    expect(recorded.events.filter((event) => event.startsWith('cancelled'))).toEqual([
      'cancelled two',
      'cancelled three',
    ]);
  });

  it('is tried again by hand, also where it was refused for good', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = (_, index) => {
      if (index === 0) throw new DeliveryError('refused', { outcome: 'rejected' });
    };
    await push.send({ event: 'hello', channels: 'a' }).catch(() => {});
    const { messages } = await push.messages.find({ state: 'ERROR' });
    const { id = '' } = messages[0] ?? {};
    expect(await push.messages.retry(id)).toBe(true);
    await clock.advance(1_000);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
    expect(await push.messages.retry(id)).toBe(false);
  });

  it.each([
    [{ delay: 'soon' }, '"delay" must be a number of milliseconds, or a text such as "30s", "5m", "2h" or "1d".'],
    [{ delay: -1 }, '"delay" must be a number of milliseconds'],
    [{ at: 'tomorrow' }, '"at" must be a valid Date.'],
    [{ at: new Date(), delay: '1m' }, 'send() takes "delay" or "at", which both say when, not both.'],
    [{ delay: '2h', expires: '1h' }, '"expires" must be later than the time at which the message is sent'],
    [{ priority: 7 }, '"priority" must be "high", "normal" or "low".'],
    [{ wait: 'no' }, '"wait" must be true or false.'],
    [{ key: '' }, '"key" must be a string of 1 to 255 characters.'],
    [{ tag: 7 }, '"tag" must be a string of 1 to 255 characters.'],
    [{ relatedTo: { type: 'order' } }, '"relatedTo" must be { type, id }'],
    [{ retryDelays: '1m' }, '"retryDelays" must be a list of times'],
    [{ retryDelays: ['x'] }, '"retryDelays[0]" must be a number of milliseconds'],
    [{ whenUnknown: 'drop' }, '"whenUnknown" must be "resend" or "keep".'],
    [{ when: 'unread' }, '"when": "unread" is asked for each user: send to "users", not to "channels".'],
    [{ when: {} }, '"when" must be the name of a condition, or { name, args }.'],
    [{ traceContext: {} }, '"traceContext" must be { traceparent, tracestate }'],
    [{ extraData: () => 1 }, 'function'],
    [{ transaction: {} }, 'The memory store records in no transaction of yours'],
  ])('refuses %o, and records nothing', async (options, text) => {
    await using recorded = recordedService();
    const sending = recorded.push.send({ event: 'hello', channels: 'a', ...options } as never);
    await expect(sending).rejects.toThrow(ValidationError);
    await expect(sending).rejects.toThrow(text);
    expect(await recorded.push.messages.count()).toBe(0);
  });
});

describe('an idempotency key', () => {
  it('makes a second call return the first report, whatever the order of the keys of its data', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    const first = await push.send({ event: 'hello', channels: 'a', data: { a: 1, b: 2 }, idempotencyKey: 'once' });
    const second = await push.send({ event: 'hello', channels: 'a', data: { b: 2, a: 1 }, idempotencyKey: 'once' });
    expect(second).toMatchObject({ id: first.id, status: 'accepted', accepted: ['a'] });
    expect(backend.requests).toHaveLength(1);
  });

  it('refuses another message', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    const { id } = await push.send({ event: 'hello', channels: 'a', data: 1, idempotencyKey: 'once' });
    await expect(push.send({ event: 'hello', channels: 'a', data: 2, idempotencyKey: 'once' })).rejects.toThrow(
      `The "idempotencyKey" "once" belongs to another message, ${id}`,
    );
    expect(backend.requests).toHaveLength(1);
    expect(await push.messages.count()).toBe(1);
  });

  it('waits for the first call while it is under way, also for one made in the same moment', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    backend.answer = () => new Promise((resolve) => setTimeout(resolve, 150));
    const send = () => push.send({ event: 'hello', channels: 'a', idempotencyKey: 'once' });
    const [one, two, three] = await Promise.all([send(), send(), send()]);
    expect([one.status, two.status, three.status]).toEqual(['accepted', 'accepted', 'accepted']);
    expect(new Set([one.id, two.id, three.id]).size).toBe(1);
    expect(backend.requests).toHaveLength(1);
  });

  it('throws again what the first call threw', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    backend.answer = () => {
      throw new DeliveryError('refused', { outcome: 'rejected' });
    };
    const send = () => push.send({ event: 'hello', channels: 'a', idempotencyKey: 'once' });
    await expect(send()).rejects.toThrow('refused');
    await expect(send()).rejects.toThrow('refused');
    expect(backend.requests).toHaveLength(1);
  });

  it('is forgotten after its time', async () => {
    await using recorded = recordedService({ recording: { idempotencyTtl: '1m' } });
    const { push, backend, clock } = recorded;
    const send = () => push.send({ event: 'hello', channels: 'a', idempotencyKey: 'once' });
    await send();
    await clock.advance(2 * MINUTE);
    await send();
    expect(backend.requests).toHaveLength(2);
  });
});

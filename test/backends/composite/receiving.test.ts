import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import { fanout } from '../../../src/backends/composite/fanout.js';
import { roundrobin } from '../../../src/backends/composite/roundrobin.js';
import { ConsoleService } from '../../../src/backends/console/index.js';
import { DeliveryError, type IncomingMessage } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { NamedBackend } from './support/named-backend.js';
import { serviceOf } from './support/service.js';

function quiet(): ConsoleService {
  return new ConsoleService({ options: { stream: { write: () => true } } });
}

describe.each([failover, roundrobin])('$name', (make) => {
  test('receives what comes in at any of its backends', async () => {
    const [a, b, deaf] = [new NamedBackend('a'), new NamedBackend('b'), new NamedBackend('c', { subscribe: false })];
    const { push } = serviceOf(make(a, b, deaf));
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    await push.subscribe('x');
    a.receive({ channel: 'x', event: 'from a', data: 1 });
    b.receive({ channel: 'x', event: 'from b', data: 2 });
    expect(received.map(({ event }) => event)).toEqual(['from a', 'from b']);
    await push.unsubscribe('x');
    expect([a, b, deaf].map(({ calls }) => calls.slice(1))).toEqual([
      ['subscribe x', 'unsubscribe x'],
      ['subscribe x', 'unsubscribe x'],
      [],
    ]);
  });
});

test('fanout receives each message once', async () => {
  const { push } = serviceOf(fanout(quiet(), quiet()));
  const received: IncomingMessage[] = [];
  push.on('messageReceived', (message) => received.push(message));
  await push.subscribe('x');
  await push.send({ channels: 'x', event: 'e', data: 1 });
  expect(received).toMatchObject([{ channel: 'x', event: 'e', data: 1 }]);
});

describe('a backend that cannot be subscribed to', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function scene() {
    const [a, b] = [new NamedBackend('a'), new NamedBackend('b')];
    let tries = 0;
    a.subscribe = async (channel) => {
      if (++tries < 3) throw new Error('down');
      a.calls.push(`subscribe ${channel}`);
    };
    return { a, b, ...serviceOf(failover(a, b)), tries: () => tries };
  }

  test('is logged and tried again every minute, while another one receives', async () => {
    const { a, b, push, logger, tries } = scene();
    await push.subscribe('x');
    expect(b.calls).toEqual(['open', 'subscribe x']);
    expect(logger.entries).toMatchObject([
      { level: 'warn', details: { channel: 'x' }, text: 'a could not be subscribed to; it is tried again' },
    ]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([tries(), a.calls]).toEqual([2, ['open']]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([tries(), a.calls]).toEqual([3, ['open', 'subscribe x']]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(tries()).toBe(3);
  });

  test('is not tried again once the subscription has ended, or the service', async () => {
    const { push, tries } = scene();
    await push.subscribe('x');
    await push.unsubscribe('x');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries()).toBe(1);
    await push.subscribe('x');
    await push.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries()).toBe(2);
  });

  test('is left again when the subscription ended meanwhile', async () => {
    const { a, push } = scene();
    await push.subscribe('x');
    const subscribed = Promise.withResolvers<void>();
    a.subscribe = () => subscribed.promise;
    await vi.advanceTimersByTimeAsync(60_000);
    await push.unsubscribe('x');
    subscribed.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(a.calls).toEqual(['open', 'unsubscribe x', 'unsubscribe x']);
  });

  test('is the error when there is no other', async () => {
    const { b, push, tries } = scene();
    b.subscribe = () => Promise.reject(new Error('down too'));
    const error = await failureOf(DeliveryError, push.subscribe('x'));
    expect(error.message).toBe('The a backend failed: down');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries()).toBe(1);
  });

  test('and one that cannot be left, is the error of unsubscribe, after all others were left', async () => {
    const [a, b] = [new NamedBackend('a'), new NamedBackend('b')];
    const { push } = serviceOf(failover(a, b));
    await push.subscribe('x');
    a.unsubscribe = () => Promise.reject(new Error('stuck'));
    expect((await failureOf(DeliveryError, push.unsubscribe('x'))).message).toBe('The a backend failed: stuck');
    expect(b.calls).toEqual(['open', 'subscribe x', 'unsubscribe x']);
  });
});

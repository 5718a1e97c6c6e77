import { beforeEach, describe, expect, test } from 'vitest';
import { createPushService, type IncomingMessage, PushError, type PushService } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

let backend = new RecordingBackend();
let push: PushService;

beforeEach(() => {
  backend = new RecordingBackend();
  push = createPushService({ backend });
});

function receive(data: unknown, channel = 'orders'): void {
  backend.receive({ channel, event: 'e', data });
}

/** The data of the messages of a loop, up to and including `last`. */
async function upTo(last: unknown, messages: AsyncIterable<IncomingMessage>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const { data } of messages) {
    seen.push(data);
    if (data === last) break;
  }
  return seen;
}

describe("a loop over a channel's messages", () => {
  test('gets those of its channel, in order, and subscribes as long as it runs', async () => {
    const loop = upTo(3, push.messages('orders'));
    await push.ready();
    receive(1);
    receive('other', 'others');
    receive(2);
    receive(3);
    receive(4);
    expect(await loop).toEqual([1, 2, 3]);
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders']);
  });

  test('that was begun with a wildcard gets what came in by it', async () => {
    const loop = upTo(2, push.messages('shop.*'));
    await push.ready();
    receive('not by it', 'shop.eu');
    backend.receive({ channel: 'shop.eu', subscription: 'shop.*', event: 'e', data: 1 });
    backend.receive({ channel: 'shop.us', subscription: 'shop.*', event: 'e', data: 2 });
    expect(await loop).toEqual([1, 2]);
  });

  test('that is slow loses nothing', async () => {
    const messages = push.messages('orders');
    for (let data = 0; data < 1000; data++) receive(data);
    expect(await upTo(999, messages)).toEqual(Array.from({ length: 1000 }, (_, data) => data));
  });

  test('that breaks ends its own subscription only', async () => {
    await push.subscribe('orders');
    const [one, two] = [push.messages('orders'), push.messages('orders')];
    const loops = [upTo(1, one), upTo(2, two)] as const;
    receive(1);
    expect(await loops[0]).toEqual([1]);
    expect(backend.calls).toEqual(['open', 'subscribe orders']);
    receive(2);
    expect(await loops[1]).toEqual([1, 2]);
    expect(backend.calls).toEqual(['open', 'subscribe orders']);
    await push.unsubscribe('orders');
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders']);
  });

  test('goes on when the explicit subscription ends', async () => {
    await push.subscribe('orders');
    const loop = upTo(1, push.messages('orders'));
    await push.unsubscribe('orders');
    expect(backend.calls).toEqual(['open', 'subscribe orders']);
    receive(1);
    expect(await loop).toEqual([1]);
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders']);
  });

  test('that throws ends its subscription', async () => {
    const loop = (async () => {
      for await (const { data } of push.messages('orders')) throw new Error(`cannot use ${data}`);
    })();
    await push.ready();
    receive(1);
    expect((await failureOf(Error, loop)).message).toBe('cannot use 1');
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders']);
  });

  test('that breaks at once is subscribed to no longer, however long subscribing takes', async () => {
    const subscribing = Promise.withResolvers<void>();
    backend.subscribe = () => subscribing.promise;
    const ended = push.messages('orders').return?.();
    await new Promise(setImmediate);
    subscribing.resolve();
    await ended;
    expect(backend.calls).toEqual(['open', 'unsubscribe orders']);
  });

  test('throws when the channel could not be subscribed to, and does not stay', async () => {
    backend.subscribe = () => Promise.reject(new Error('no such channel'));
    const error = await failureOf(PushError, upTo(1, push.messages('orders')));
    expect(error.message).toBe('The recording backend failed: no such channel');
    expect(backend.calls).toEqual(['open']);
  });

  test('may be asked for several messages at once', async () => {
    const messages = push.messages('orders');
    const asked = [messages.next(), messages.next(), messages.next()];
    receive(1);
    receive(2);
    await messages.return?.();
    expect(await Promise.all(asked)).toMatchObject([{ value: { data: 1 } }, { value: { data: 2 } }, { done: true }]);
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a signal', () => {
  test('ends the loop without an error, after what is waiting', async () => {
    const controller = new AbortController();
    const messages = push.messages('orders', { signal: controller.signal });
    receive(1);
    receive(2);
    controller.abort();
    receive(3);
    expect(await upTo('never', messages)).toEqual([1, 2]);
    await new Promise(setImmediate);
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders']);
  });

  test('ends a loop that waits', async () => {
    const controller = new AbortController();
    const loop = upTo('never', push.messages('orders', { signal: controller.signal }));
    await push.ready();
    controller.abort();
    expect(await loop).toEqual([]);
  });

  test('that has fired gives a loop without a turn', async () => {
    expect(await upTo('never', push.messages('orders', { signal: AbortSignal.abort() }))).toEqual([]);
  });
});

describe('when the backend is closed', () => {
  test('a loop ends after what is waiting, and unsubscribes first', async () => {
    const messages = push.messages('orders');
    await push.ready();
    receive(1);
    await push.close();
    expect(await upTo('never', messages)).toEqual([1]);
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders', 'close']);
  });

  test('because another one is configured, its loops end', async () => {
    const loop = upTo('never', push.messages('orders'));
    push.configure({ backend: new RecordingBackend() });
    expect(await loop).toEqual([]);
  });
});

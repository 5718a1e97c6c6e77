import { describe, expect, test } from 'vitest';
import { ConfigurationError, createPushService, DeliveryError, PushError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

describe('close', () => {
  test('waits for what is being sent, also while users are looked up, and closes the backend then', async () => {
    const backend = new RecordingBackend();
    const lookUp = Promise.withResolvers<readonly string[][]>();
    const answer = Promise.withResolvers<void>();
    backend.answer = () => answer.promise;
    const push = createPushService({ backend, sessions: { channelsFor: () => lookUp.promise } });
    const sends = [push.send({ users: 'ann', data: 1 }), push.send({ channels: 'a', data: 1 })];
    let isClosed = false;
    const closing = push.close().then(() => {
      isClosed = true;
    });
    lookUp.resolve([['ann-1']]);
    await new Promise(setImmediate);
    expect(backend.sent).toEqual([['a'], ['ann-1']]);
    expect(isClosed).toBe(false);
    answer.resolve();
    expect(await Promise.all(sends)).toMatchObject([{ status: 'accepted' }, { status: 'accepted' }]);
    await closing;
    expect(backend.calls).toEqual(['open', 'close']);
  });

  test('waits for a send that fails, and is no failure itself', async () => {
    const backend = new RecordingBackend();
    backend.answer = () => Promise.reject(new Error('no'));
    const push = createPushService({ backend });
    const sending = failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    await push.close();
    expect((await sending).report?.attempts).toBe(1);
    expect(backend.calls).toEqual(['open', 'close']);
  });

  test('twice, or by two callers at once, closes the backend once', async () => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend });
    await Promise.all([push.close(), push.close()]);
    await push.close();
    expect(backend.calls).toEqual(['open', 'close']);
  });

  test('right after configure opens and closes in order', async () => {
    const backend = new RecordingBackend();
    await createPushService({ backend }).close();
    expect(backend.calls).toEqual(['open', 'close']);
  });

  test('throws what keeps the backend from closing, without secrets', async () => {
    const backend = new RecordingBackend({}, { secretKey: 'open-sesame' });
    backend.close = () => Promise.reject(new Error('open-sesame is stuck'));
    const error = await failureOf(PushError, createPushService({ backend }).close());
    expect(error.message).toBe('The recording backend failed: [secret] is stuck');
  });
});

describe('a closed service', () => {
  test('refuses every call and says what to do', async () => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend });
    await push.close();
    const calls = [
      () => push.send({ channels: 'a', data: 1 }),
      () => push.sendMany([{ channels: 'a', data: 1 }]),
      () => push.subscribe('a'),
      () => push.unsubscribe('a'),
      () => push.messages('a'),
      () => push.clientConfig(),
      () => push.backend,
      () => push.sessions,
      () => push.ready(),
      () => push.channel('a').trigger('e', 1),
    ];
    for (const call of calls) {
      expect((await failureOf(ConfigurationError, call)).message).toBe(
        'The push service is closed: call configure() to use it again.',
      );
    }
    expect(backend.requests).toEqual([]);
    expect(JSON.stringify(push)).toBe('{}');
  });

  test('works again after configure', async () => {
    const push = createPushService({ backend: new RecordingBackend() });
    await push.close();
    const backend = new RecordingBackend();
    push.configure({ backend });
    expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(backend.calls).toEqual(['open']);
  });

  test('that is configured while it closes opens the new backend after the old one is closed', async () => {
    const old = new RecordingBackend();
    const closing = Promise.withResolvers<void>();
    old.close = () => closing.promise;
    const push = createPushService({ backend: old });
    const closed = push.close();
    const backend = new RecordingBackend();
    push.configure({ backend });
    const sending = push.send({ channels: 'a', data: 1 });
    await new Promise(setImmediate);
    expect(backend.calls).toEqual([]);
    closing.resolve();
    await closed;
    expect(await sending).toMatchObject({ status: 'accepted' });
  });
});

test('await using closes the service at the end of its block', async () => {
  const backend = new RecordingBackend();
  {
    await using push = createPushService({ backend });
    await push.send({ channels: 'a', data: 1 });
    expect(backend.calls).toEqual(['open']);
  }
  expect(backend.calls).toEqual(['open', 'close']);
});

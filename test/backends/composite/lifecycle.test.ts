import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FailoverService, failover } from '../../../src/backends/composite/failover.js';
import { FanoutService, fanout } from '../../../src/backends/composite/fanout.js';
import { RoundRobinService, roundrobin } from '../../../src/backends/composite/roundrobin.js';
import {
  type AnyBackend,
  AuthenticationError,
  ConfigurationError,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  type PushService,
  TimeoutError,
} from '../../../src/index.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { NamedBackend } from './support/named-backend.js';
import { never, serviceOf, throwing } from './support/service.js';

const classes = [FailoverService, RoundRobinService, FanoutService] as const;
const makers = [failover, roundrobin, fanout] as const;

function pair(): [NamedBackend, NamedBackend] {
  return [new NamedBackend('a'), new NamedBackend('b')];
}

describe.each(classes.map((Composite, index) => ({ Composite, make: makers[index] ?? failover })))(
  '$Composite.name',
  ({ Composite, make }) => {
    test('is named after its backends, which are its api', () => {
      const backends = pair();
      const composite = make(...backends);
      expect(composite).toBeInstanceOf(Composite);
      expect(composite.name).toMatch(/^(failover|roundrobin|fanout)\(a, b\)$/);
      expect(composite.api).toEqual(backends);
    });

    test.each<[string, object, string]>([
      ['no backends', {}, '"backends" must be of type array, found nothing'],
      [
        'one backend',
        { backends: [new NamedBackend('a')] },
        '"backends" must name at least two backends, found an array',
      ],
      [
        'settings in place of an instance',
        { backends: [new NamedBackend('a'), { backend: 'console' }] },
        '"backends.1" must be an instance of a backend, such as new ConsoleService(), found an object',
      ],
      ['no time', { backends: pair(), resetAfterMs: 0 }, '"resetAfterMs" must be at least 1, found 0'],
      ['no failures', { backends: pair(), failuresToOpen: 0 }, '"failuresToOpen" must be at least 1, found 0'],
      [
        'a misspelt option',
        { backends: pair(), resetAfter: 1 },
        'unknown key "resetAfter" (did you mean "resetAfterMs"?)',
      ],
    ])('refuses %s', async (_what, options, words) => {
      const error = await failureOf(ConfigurationError, () => new Composite({ options } as never));
      expect(error.message).toMatch(/^The (failover|roundrobin|fanout) backend's options: /);
      expect(error.message).toContain(words);
    });

    test('refuses credentials, which belong to its backends', async () => {
      const settings = { secretKey: 'open-sesame', options: { backends: pair() } };
      const error = await failureOf(ConfigurationError, () => new Composite(settings));
      expect(error.message).toContain('takes no "secretKey" of its own: set it for each of its "backends".');
    });

    test('refuses an instance that is in it twice, however deep', async () => {
      const [a, b] = pair();
      for (const backends of [
        [a, a],
        [a, failover(b, a)],
      ]) {
        const error = await failureOf(ConfigurationError, () => make(...backends));
        expect(error.message).toMatch(/^The same instance of the a backend is in .* twice: make a second instance\.$/);
      }
    });

    test('refuses capabilities that are none', async () => {
      const wrong = new NamedBackend('a', { maxPayloadBytes: 0 });
      await failureOf(ConfigurationError, () => make(wrong, new NamedBackend('b')));
    });

    test('opens and closes all of its backends, in a service and without one', async () => {
      const backends = pair();
      const push = createPushService({ backend: make(...backends) });
      await push.ready();
      await push.close();
      const composite = make(...pair());
      await composite.open();
      await composite.close();
      for (const { calls } of [...backends, ...(composite.api as readonly NamedBackend[])])
        expect(calls).toEqual(['open', 'close']);
    });

    test('closes all of its backends also when one fails, and then fails', async () => {
      const [a, b] = pair();
      a.close = () => Promise.reject(new Error('stuck'));
      const push = createPushService({ backend: make(a, b) });
      await push.ready();
      expect((await failureOf(DeliveryError, push.close())).message).toBe('The a backend failed: stuck');
      expect(b.calls).toEqual(['open', 'close']);
    });

    test('belongs to one service with all of its backends, or not at all', async () => {
      const [a, b] = pair();
      const { push } = serviceOf(b);
      const error = await failureOf(ConfigurationError, () => createPushService({ backend: make(a, b) }));
      expect(error.message).toContain('This instance of the b backend is in use by another push service');
      // Was not kept, though it was free.
      serviceOf(a);
      await push.close();
      const free = createPushService({ backend: make(new NamedBackend('c'), b) });
      await failureOf(ConfigurationError, () => createPushService({ backend: b }));
      await free.close();
      serviceOf(b);
    });

    test('can be configured anew by its service', async () => {
      const composite = make(...pair());
      const { push } = serviceOf(composite);
      push.configure({ backend: composite });
      expect(await push.send({ channels: 'x', data: 1 })).toMatchObject({ status: 'accepted' });
    });

    test('shows its backends without their secrets', async () => {
      const secrets = ['open-sesame-1', 'open-sesame-2'];
      const [a, b] = secrets.map((secretKey, index) => new NamedBackend(`n${index}`, {}, { appId: 'app', secretKey }));
      const composite = make(a as AnyBackend, b as AnyBackend);
      const { push, logger } = serviceOf(make(composite, new NamedBackend('c')));
      expect(composite.toJSON()).toEqual({
        backend: composite.name,
        options: {
          backends: ['n0', 'n1'].map((backend) => ({ backend, appId: 'app', secretKey: '[secret]' })),
        },
      });
      const thrown = secrets.map((secret) =>
        throwing(() => new AuthenticationError(`wrong key ${secret}`, { cause: new Error(secret) })),
      );
      for (const [index, backend] of [a, b].entries()) {
        if (backend === undefined) continue;
        backend.answer = thrown[index] ?? backend.answer;
        backend.subscribe = () => Promise.reject(new Error(secrets[index]));
      }
      const shown: unknown[] = [composite, push, logger.entries];
      for (let index = 0; index < 6; index++)
        shown.push(await push.send({ channels: 'x', data: 1 }).catch((error: unknown) => error));
      shown.push(await push.subscribe('x').catch((error: unknown) => error));
      for (const value of shown) for (const secret of secrets) expect(everythingShown(value)).not.toContain(secret);
      expect(composite.redact(`a ${secrets.join(' b ')}`)).toBe('a [secret] b [secret]');
    });
  },
);

describe('a backend that cannot be opened', () => {
  test.each(classes.slice(0, 2))('is left out by $name, and opened when it is tried again', async (Composite) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const [a, b] = pair();
    let isUp = false;
    a.open = () => (isUp ? Promise.resolve() : Promise.reject(new Error('no such host')));
    const { push, logger } = serviceOf(new Composite({ options: { backends: [a, b], resetAfterMs: 1000 } }));
    await push.send({ channels: 'x', data: 1 });
    expect([a.sent, b.sent]).toEqual([[], [['x']]]);
    expect(logger.entries).toMatchObject([
      { level: 'warn', details: { err: { message: 'The a backend could not be opened: no such host' } } },
    ]);
    await vi.advanceTimersByTimeAsync(1000);
    await push.send({ channels: ['x', 'y'], data: 1 });
    expect(a.sent).toEqual([]);
    isUp = true;
    await vi.advanceTimersByTimeAsync(1000);
    await push.send({ channels: ['x', 'y'], data: 1 });
    expect(a.sent.length).toBeGreaterThan(0);
  });

  test('may throw in place of returning a promise that rejects', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const [a, b] = pair();
    let isUp = false;
    a.open = () => {
      if (isUp) return Promise.resolve();
      throw new Error('no such host');
    };
    const { push, logger } = serviceOf(new FailoverService({ options: { backends: [a, b], resetAfterMs: 1000 } }));
    await push.send({ channels: 'x', data: 1 });
    expect(logger.entries).toMatchObject([
      { details: { err: { message: 'The a backend could not be opened: no such host' } } },
    ]);
    isUp = true;
    await vi.advanceTimersByTimeAsync(1000);
    await push.send({ channels: 'y', data: 1 });
    expect([a.sent, b.sent]).toEqual([[['y']], [['x']]]);
  });

  test('in time has not got the message, which goes to the next one', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const [a, b] = pair();
    const opening = Promise.withResolvers<void>();
    let opened = 0;
    a.open = () => (opened++ === 0 ? Promise.reject(new Error('not yet')) : opening.promise);
    const options = { backends: [a, b], resetAfterMs: 1000 };
    const { push } = serviceOf(new FailoverService({ options }), { retries: 1, timeout: 100 });
    await push.ready();
    await vi.advanceTimersByTimeAsync(1000);
    const sent = push.send({ channels: 'x', data: 1 });
    await vi.advanceTimersByTimeAsync(100);
    // Open at last, it does not send what was given up.
    opening.resolve();
    await vi.advanceTimersByTimeAsync(500);
    expect(await sent).toMatchObject({ accepted: ['x'], attempts: 2 });
    expect([opened, a.sent, b.sent]).toEqual([2, [], [['x']]]);
  });

  test('is the error of failover and roundrobin when there is no other', async () => {
    for (const make of [failover, roundrobin]) {
      const [a, b] = pair();
      a.open = () => Promise.reject(new Error('no such host'));
      b.open = () => Promise.reject(new Error('no such port'));
      const push = createPushService({ backend: make(a, b), logger: new RecordingLogger() });
      onTestFinished(() => push.close());
      const error = await failureOf(ConfigurationError, push.ready());
      expect(error.message).toBe('The a backend could not be opened: no such host');
    }
  });

  test('is the error of fanout, which closes the others', async () => {
    const [a, b] = pair();
    b.open = () => Promise.reject(new Error('no such port'));
    const error = await failureOf(ConfigurationError, fanout(a, b).open());
    expect(error.message).toBe('The b backend could not be opened: no such port');
    expect(a.calls).toEqual(['open', 'close']);
  });
});

test('the class can be the backend of PUSH_SERVER', async () => {
  const push = createPushService({ backend: FailoverService, options: { backends: pair() } } as PushServerSettings);
  expect(push.backend.name).toBe('failover(a, b)');
  await push.close();
});

describe('a backend that never opens', () => {
  const toA = { channels: 'orders', event: 'e', data: 1 };

  test.each([
    ['failover', failover],
    ['roundrobin', roundrobin],
  ])(
    'is left out of %s after half of the setting `timeout`, and the first send goes through the other one',
    async (_, make) => {
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      const [a, b] = pair();
      a.open = never;
      const { push, logger } = serviceOf(make(a, b), { timeout: 500 });
      const sending = push.send(toA);
      await vi.advanceTimersByTimeAsync(250);
      expect(await sending).toMatchObject({ status: 'accepted' });
      expect([a.sent, b.sent]).toEqual([[], [['orders']]]);
      expect(logger.entries).toMatchObject([
        {
          level: 'warn',
          details: { err: { message: 'The a backend did not open within 250 ms: nothing was sent by it.' } },
        },
      ]);
    },
  );

  test.each([
    ['failover', failover],
    ['roundrobin', roundrobin],
  ])('is left out of %s also when something else is asked first', async (_, make) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    for (const call of [(push: PushService) => push.ready(), (push: PushService) => push.subscribe('orders')]) {
      const [a, b] = pair();
      a.open = never;
      const called = call(serviceOf(make(a, b), { timeout: 500 }).push);
      await vi.advanceTimersByTimeAsync(500);
      await called;
      expect(b.calls[0]).toBe('open');
    }
  });

  test('does not keep a subscription waiting when it comes after the start, and says that it keeps its own deadlines', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const [a, b] = pair();
    Object.assign(a, { open: never, hasOwnDeadlines: true });
    const { push } = serviceOf(failover(a, b), { timeout: 500 });
    const ready = push.ready();
    await vi.advanceTimersByTimeAsync(250);
    await ready;
    const subscribed = push.subscribe('orders');
    await vi.advanceTimersByTimeAsync(250);
    await subscribed;
    expect(b.calls).toContain('subscribe orders');
  });

  test('keeps fanout from sending, and does not keep the others from closing', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const [a, b] = pair();
    a.open = never;
    a.close = never;
    const { push, logger } = serviceOf(fanout(a, b), { timeout: 500, closeTimeout: 1_000 });
    const sending = failureOf(TimeoutError, push.send(toA));
    await vi.advanceTimersByTimeAsync(500);
    expect((await sending).message).toBe('The fanout(a, b) backend did not open within 500 ms: nothing was sent.');
    const closing = push.close();
    await vi.advanceTimersByTimeAsync(1_000);
    await closing;
    expect(b.calls).toEqual(['open', 'close']);
    expect(logger.entries).toMatchObject([
      {
        details: { leftBehind: ['the opening of the fanout(a, b) backend', 'the closing of the fanout(a, b) backend'] },
      },
    ]);
  });
});

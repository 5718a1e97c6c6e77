import { describe, expect, it, onTestFinished } from 'vitest';
import {
  AuthenticationError,
  createPushService,
  type IncomingMessage,
  type PushService,
  PushServiceWrapper,
  UnsupportedOperationError,
  ValidationError,
  type WebhookEvent,
  type WebhookRequest,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

const secretKey = 'secret-of-the-provider';

/** Believes what it is sent: a list of events. */
class TrustingBackend extends PushServiceWrapper {
  protected override async sendData(): Promise<void> {}
  override async subscribe(): Promise<void> {}
  override async unsubscribe(): Promise<void> {}

  override parseWebhook({ rawBody }: WebhookRequest): readonly WebhookEvent[] {
    return JSON.parse(Buffer.from(rawBody).toString()) as WebhookEvent[];
  }
}

/** Fails with whatever it is told to. */
class FailingBackend extends TrustingBackend {
  failure: unknown;

  override parseWebhook(): never {
    throw this.failure;
  }
}

function serviceOf(backend: PushServiceWrapper = new TrustingBackend({ secretKey })): PushService {
  const push = createPushService({ backend });
  onTestFinished(() => push.close());
  return push;
}

function occupied(id: string): object {
  return { id, type: 'channelOccupied', channel: id, backend: 'trusting', time: 0, raw: null };
}

function said(id: string, extra: object = {}): object {
  return {
    ...occupied(id),
    type: 'clientEvent',
    channel: 'private-chat',
    event: 'client-typing',
    data: { n: 1 },
    ...extra,
  };
}

function webhook(
  ...events: readonly object[]
): { headers: object; rawBody: string } & Parameters<PushService['webhook']>[0] {
  return { headers: {}, rawBody: JSON.stringify(events) };
}

function idsOf(events: readonly WebhookEvent[]): readonly string[] {
  return events.map(({ id }) => id);
}

/** A handler that notes what it is called with, and fails for some. */
function handler(...failing: readonly string[]): {
  handled: string[];
  failing: Set<string>;
  handle: (event: WebhookEvent) => void;
} {
  const state = {
    handled: [] as string[],
    failing: new Set(failing),
    handle: ({ id }: WebhookEvent): void => {
      if (state.failing.has(id)) throw new Error(`cannot handle ${id}`);
      state.handled.push(id);
    },
  };
  return state;
}

describe('without a handler', () => {
  it('the events are returned, in their order', async () => {
    expect(idsOf(await serviceOf().webhook(webhook(occupied('a'), occupied('b'))))).toEqual(['a', 'b']);
  });

  it('an event that comes again is dropped, alone, beside others, and within one webhook', async () => {
    const push = serviceOf();
    await push.webhook(webhook(occupied('a')));
    expect(await push.webhook(webhook(occupied('a')))).toEqual([]);
    expect(idsOf(await push.webhook(webhook(occupied('b'), occupied('a'), occupied('b'))))).toEqual(['b']);
  });

  it('events of two providers may have the same id', async () => {
    const push = serviceOf();
    await push.webhook(webhook(occupied('a')));
    expect(idsOf(await push.webhook(webhook({ ...occupied('a'), backend: 'another' })))).toEqual(['a']);
  });
});

describe('with a handler', () => {
  it('each event is handled before the next one', async () => {
    const steps: string[] = [];
    const handle = async ({ id }: WebhookEvent): Promise<void> => {
      steps.push(`${id} begins`);
      await Promise.resolve();
      steps.push(`${id} ends`);
    };
    const events = await serviceOf().webhook(webhook(occupied('a'), occupied('b')), handle);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(idsOf(events)).toEqual(['a', 'b']);
  });

  it('one that fails fails the call with its error, and gets what it has not handled when that comes again', async () => {
    const push = serviceOf();
    const state = handler('b');
    const request = webhook(occupied('a'), occupied('b'), occupied('c'));
    const failure = await failureOf(Error, push.webhook(request, state.handle));
    expect([failure.message, state.handled]).toEqual(['cannot handle b', ['a']]);
    await failureOf(Error, push.webhook(request, state.handle));
    expect(state.handled).toEqual(['a']);
    state.failing.clear();
    expect(idsOf(await push.webhook(request, state.handle))).toEqual(['b', 'c']);
    expect(await push.webhook(request, state.handle)).toEqual([]);
    expect(state.handled).toEqual(['a', 'b', 'c']);
  });

  it('one that rejects does the same', async () => {
    const push = serviceOf();
    const request = webhook(occupied('a'));
    await expect(push.webhook(request, () => Promise.reject(new Error('the database is down')))).rejects.toThrow(
      'the database is down',
    );
    expect(idsOf(await push.webhook(request))).toEqual(['a']);
  });

  it('that is no function, the webhook is refused before anything is read', async () => {
    const push = serviceOf(new FailingBackend());
    const failure = await failureOf(ValidationError, push.webhook(webhook(), 'handle' as never));
    expect(failure.message).toBe('The second argument of webhook() must be a function, which gets each event.');
  });
});

describe('a duplicate that comes in while the first is being handled', () => {
  it('waits for it, and is dropped', async () => {
    const push = serviceOf();
    const { promise, resolve } = Promise.withResolvers<void>();
    let calls = 0;
    const handle = (): Promise<void> => {
      calls++;
      return promise;
    };
    const settled: string[] = [];
    const first = push.webhook(webhook(occupied('a')), handle).finally(() => settled.push('first'));
    const second = push.webhook(webhook(occupied('a')), handle).finally(() => settled.push('second'));
    await expect.poll(() => calls).toBe(1);
    expect(settled).toEqual([]);
    resolve();
    expect([idsOf(await first), idsOf(await second), calls]).toEqual([['a'], [], 1]);
  });

  it('fails when that fails, so that neither is taken for handled', async () => {
    const push = serviceOf();
    const { promise, reject } = Promise.withResolvers<void>();
    let calls = 0;
    const handle = (): Promise<void> => {
      calls++;
      return promise;
    };
    const both = Promise.allSettled([1, 2, 3].map(() => push.webhook(webhook(occupied('a')), handle)));
    await expect.poll(() => calls).toBe(1);
    reject(new Error('no'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(idsOf(await push.webhook(webhook(occupied('a'))))).toEqual(['a']);
  });
});

describe('messageReceived', () => {
  function listen(push: PushService): IncomingMessage[] {
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    return received;
  }

  it('fires for what clients sent, and for nothing else', async () => {
    const push = serviceOf();
    const received = listen(push);
    await push.webhook(webhook(occupied('a'), said('b'), said('c', { userId: 'ann', socketId: '1.2' })));
    const message = { channel: 'private-chat', event: 'client-typing', data: { n: 1 } };
    expect(received).toEqual([message, { ...message, userId: 'ann' }]);
  });

  it('fires once for each event, however often that comes, fails and is handled', async () => {
    const push = serviceOf();
    const received = listen(push);
    const state = handler('a');
    await failureOf(Error, push.webhook(webhook(said('a')), state.handle));
    await failureOf(Error, push.webhook(webhook(said('a')), state.handle));
    state.failing.clear();
    await push.webhook(webhook(said('a')), state.handle);
    await push.webhook(webhook(said('a')), state.handle);
    expect([received.length, state.handled]).toEqual([1, ['a']]);
  });

  it('brings them into the loops over messages', async () => {
    const push = serviceOf();
    const loop = push.messages('private-chat');
    await push.webhook(webhook(said('a')));
    expect((await loop.next()).value).toMatchObject({ event: 'client-typing' });
    await loop.return?.();
  });
});

describe('what the backend throws', () => {
  it('as a PushError goes on', async () => {
    const backend = new FailingBackend();
    backend.failure = new AuthenticationError('The signature is wrong.', { backend: 'failing' });
    expect(await failureOf(AuthenticationError, serviceOf(backend).webhook(webhook()))).toBe(backend.failure);
  });

  it('as anything else becomes a ValidationError without secrets', async () => {
    const backend = new FailingBackend({ secretKey });
    backend.failure = Object.assign(new Error(`cannot use ${secretKey}`), { key: secretKey });
    const failure = await failureOf(ValidationError, serviceOf(backend).webhook(webhook()));
    expect(failure.message).toBe('The FailingBackend backend could not read the webhook: cannot use [secret]');
    expect([failure.backend, failure.retryable, String(failure.cause)]).toEqual([
      'FailingBackend',
      false,
      'Error: cannot use [secret]',
    ]);
  });

  it('for a network error may be tried again', async () => {
    const backend = new FailingBackend();
    backend.failure = Object.assign(new Error('no keys'), { code: 'ECONNREFUSED' });
    expect((await failureOf(ValidationError, serviceOf(backend).webhook(webhook()))).retryable).toBe(true);
  });
});

it.each([
  ['nothing', 'null'],
  ['an object', '{}'],
  ['an event without an id', '[{"type":"other"}]'],
  ['a hole', '[null]'],
])('a backend that returns %s is told so', async (_what, rawBody) => {
  const failure = await failureOf(ValidationError, serviceOf().webhook({ headers: {}, rawBody }));
  expect(failure.message).toContain('parseWebhook() must return a list of events with ids.');
});

it('a backend that reads no webhooks says what to do', async () => {
  const push = createPushService({ backend: 'console' });
  onTestFinished(() => push.close());
  const failure = await failureOf(UnsupportedOperationError, push.webhook(webhook()));
  expect(failure.message).toBe('The console backend cannot read webhooks: override parseWebhook(request).');
});

import { describe, expect, it } from 'vitest';
import { createPushService, DeliveryError, type PushServerSettings } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { SessionAdapter } from '../../src/sessions/adapter.js';
import { userChannels } from '../../src/sessions/user-channels.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';
import { stores } from './services-with-store.js';

const MINUTE = 60_000;
const down = new DeliveryError('the provider is down', { outcome: 'rejected', retryable: true, status: 503 });

type Answers = Record<string, string | readonly string[]>;

/** A service whose `routes` answer what stands in `answers`. */
function routing(answers: Answers, messages = memoryMessages(), phones: SessionAdapter = userChannels()) {
  const clock = new TestClock();
  const [live, mobile] = [new RecordingBackend(), new RecordingBackend()];
  const push = createPushService({
    retries: 0,
    recording: { retryDelays: ['1m', '1h'] },
    backends: { live, mobile: { backend: mobile, sessions: phones } },
    sessions: userChannels(),
    routes: (user: unknown) => answers[String(user)],
    logger: new RecordingLogger(),
    messages,
    clock,
  } as PushServerSettings);
  /** Makes a backend fail for one user. */
  const fails = (backend: RecordingBackend, user: string): void => {
    backend.answer = ({ channels }) => (channels.includes(user) ? Promise.reject(down) : undefined);
  };
  const works = (): void => {
    for (const backend of [live, mobile]) backend.answer = () => undefined;
  };
  return { push, live, mobile, clock, fails, works };
}

describe.each(stores)('a message that is tried again, by routes and the %s store', (_name, makeStore) => {
  it('goes by no other backend to a user whom one has reached', async () => {
    const answers: Answers = { ann: 'live', ben: 'live' };
    const { push, live, mobile, clock, fails, works } = routing(answers, makeStore() as never);
    await using _ = push;
    fails(live, 'ben');
    const { id } = await push.send({ event: 'hello', users: ['ann', 'ben'] });
    works();
    Object.assign(answers, { ann: 'mobile', ben: ['live', 'mobile'] });
    await clock.advance(2 * MINUTE);
    expect([live.sent.flat(), mobile.sent.flat()]).toEqual([['ann', 'ben', 'ben'], ['ben']]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('goes by no second backend that routes name only later', async () => {
    const answers: Answers = { ann: 'live', ben: 'live' };
    const { push, live, mobile, clock, fails, works } = routing(answers, makeStore() as never);
    await using _ = push;
    fails(live, 'ben');
    await push.send({ event: 'hello', users: ['ann', 'ben'] });
    works();
    Object.assign(answers, { ann: ['live', 'mobile'] });
    await clock.advance(2 * MINUTE);
    expect([live.sent.flat(), mobile.sent.flat()]).toEqual([['ann', 'ben', 'ben'], []]);
  });

  it('goes again by the backend that failed, where routes had named both', async () => {
    const answers: Answers = { ann: ['live', 'mobile'], ben: 'live' };
    const { push, live, mobile, clock, fails, works } = routing(answers, makeStore() as never);
    await using _ = push;
    fails(mobile, 'ann');
    const { id } = await push.send({ event: 'hello', users: ['ann', 'ben'] });
    works();
    Object.assign(answers, { ann: 'mobile', ben: 'mobile' });
    await clock.advance(2 * MINUTE);
    expect([live.sent.flat(), mobile.sent.flat()]).toEqual([
      ['ann', 'ben'],
      ['ann', 'ann'],
    ]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('goes by a backend whose provider was away, where routes had named both', async () => {
    const answers: Answers = { ann: ['live', 'mobile'], ben: 'live' };
    const { push, live, mobile, clock, works } = routing(answers, makeStore() as never);
    await using _ = push;
    mobile.answer = () => Promise.reject(down);
    for (let count = 0; count < 6; count++) await push.send({ event: 'first', channels: 'a', via: 'mobile' } as never);
    const { id } = await push.send({ event: 'hello', users: ['ann', 'ben'] });
    // Who was to be asked is no outcome of a channel.
    expect(await push.messages.get(id)).toMatchObject({
      state: 'WAITING',
      channels: [{ state: 'accepted', channels: ['ann', 'ben'], backend: 'live' }],
    });
    Object.assign(answers, { ben: ['live', 'mobile'] });
    works();
    await clock.advance(60 * MINUTE);
    expect(live.sent.flat()).toEqual(['ann', 'ben']);
    expect(mobile.requests.filter(({ message }) => message.event === 'hello').map(({ channels }) => channels)).toEqual([
      ['ann'],
    ]);
    const record = await push.messages.get(id);
    expect(record).toMatchObject({ state: 'SENT', attempts: 1 });
    expect(
      record?.channels.flatMap(({ state, channels, backend }) => channels.map((each) => [state, each, backend])),
    ).toEqual([
      ['accepted', 'ann', 'live'],
      ['accepted', 'ben', 'live'],
      ['accepted', 'ann', 'mobile'],
    ]);
    expect(record?.channels.filter(({ channels }) => channels.length === 0)).toEqual([]);
  });

  it('goes by a backend whose sessions could not be looked up, where routes had named both', async () => {
    let isAway = true;
    const phones: SessionAdapter = {
      channelsFor: async (users) => {
        if (isAway) throw new Error('no redis');
        return users.map((user) => [String(user)]);
      },
    };
    const answers: Answers = { ann: ['live', 'mobile'] };
    const { push, live, mobile, clock } = routing(answers, makeStore() as never, phones);
    await using _ = push;
    const { id } = await push.send({ event: 'hello', users: 'ann' });
    isAway = false;
    await clock.advance(2 * MINUTE);
    expect([live.sent, mobile.sent]).toEqual([[['ann']], [['ann']]]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  });
});

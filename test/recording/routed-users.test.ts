import { describe, expect, it } from 'vitest';
import {
  createPushService,
  type MessageEventListener,
  type PushServerSettings,
  type PushService,
} from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { isSessionStore, type SessionAdapter } from '../../src/sessions/adapter.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { userChannels } from '../../src/sessions/user-channels.js';
import { RecordingBackend } from '../support/recording-backend.js';

interface Customer {
  readonly email: string;
  readonly hasPhone: boolean;
}

const ben: Customer = { email: 'ben@example.com', hasPhone: true };
const identify = ({ email }: Customer): string => email;

interface Noted {
  readonly push: PushService;
  readonly live: RecordingBackend;
  readonly mobile: RecordingBackend;
  /** The users that `routes` were asked about. */
  readonly asked: unknown[];
}

/** A service with a store whose `routes` note the users. */
function noting(sessions: SessionAdapter<never>, route: (user: unknown) => string | undefined): Noted {
  const [live, mobile] = [new RecordingBackend(), new RecordingBackend()];
  const asked: unknown[] = [];
  const push = createPushService({
    backends: { live, mobile: { backend: mobile, sessions: userChannels({ prefix: 'phone-' }) } },
    routes: (user: unknown) => {
      asked.push(user);
      return route(user);
    },
    sessions,
    messages: memoryMessages(),
  } as unknown as PushServerSettings);
  return { push, live, mobile, asked };
}

function sentOf(push: PushService): Promise<unknown> {
  return new Promise<Parameters<MessageEventListener>[0]>((resolve) => push.once('sent', resolve));
}

describe('the users that routes are asked about', () => {
  it.each([
    ['userChannels()', userChannels()],
    ['memorySessions()', memorySessions()],
    ['an adapter without recall', { channelsFor: async (users: readonly unknown[]) => users.map(() => ['a']) }],
  ])('are ids when a message is sent now and when it is sent later, with %s', async (_name, sessions) => {
    const noted = noting(sessions, (user) => (user === 'ben' || user === '42' ? 'mobile' : undefined));
    await using push = noted.push;
    const sent = sentOf(push);
    await push.send({ event: 'hello', users: ['ben', 42], wait: false });
    await sent;
    expect(noted.asked).toEqual(['ben', '42', 'ben', '42']);
    expect(noted.mobile.sent.flat()).toEqual(['phone-ben', 'phone-42']);
    expect(noted.live.sent).toEqual([]);
  });

  it('are ids as text also where nothing is recorded', async () => {
    const noted = noting(userChannels(), () => 'mobile');
    await using push = noted.push;
    await push.send({ event: 'hello', users: [7, 8n], record: false });
    expect(noted.asked).toEqual(['7', '8']);
  });

  it('are ids later where the application gave objects, and its adapter knows them by an identify of its own', async () => {
    const sessions = memorySessions({ identify });
    const noted = noting(sessions, (user) => (user === ben.email || user === ben ? 'live' : 'mobile'));
    await sessions.add(ben, 'page');
    await using push = noted.push;
    const sent = sentOf(push);
    await push.send<Customer>({ event: 'hello', users: ben, wait: false });
    await sent;
    expect(noted.asked).toEqual([ben, ben.email]);
    expect(noted.live.sent).toEqual([['page']]);
  });

  it.each([
    ['userChannels()', userChannels({ identify, prefix: 'page-' })],
    ['userChannels() of signed-in users', userChannels({ identify, prefix: '#server-to-user-' })],
    ['memorySessions()', memorySessions({ identify })],
  ])('are what a recall of the application makes of the ids, beside %s', async (_name, sessions) => {
    const known = new Map([[ben.email, ben]]);
    const noted = noting({ ...sessions, recall: async (id: string) => known.get(id) }, (user) =>
      (user as Customer).hasPhone ? 'live' : 'mobile',
    );
    await using push = noted.push;
    if (isSessionStore(sessions)) await sessions.add(ben, 'page');
    const sent = sentOf(push);
    await push.send<Customer>({ event: 'hello', users: ben, wait: false });
    await sent;
    expect(noted.asked).toEqual([ben, ben]);
    expect(noted.live.requests).toHaveLength(1);
  });

  it('are those of the example in the documents, with a message store and a worker that sends later', async () => {
    const phones = new Set<unknown>(['ben', 'cid']);
    const [live, mobile] = [new RecordingBackend(), new RecordingBackend()];
    await using push = createPushService({
      backends: {
        live: { backend: live, sessions: userChannels({ prefix: 'page-' }) },
        mobile: { backend: mobile, sessions: userChannels({ prefix: 'phone-' }) },
      },
      routes(user, message) {
        if (!phones.has(user)) return 'live';
        return message.tag === 'urgent' || message.notification ? ['live', 'mobile'] : 'live';
      },
      messages: memoryMessages(),
    });
    const sent = sentOf(push);
    const notification = { title: 'Your order is on its way' };
    await push.send({ event: 'order.shipped', users: ['ann', 'ben'], notification, wait: false });
    await sent;
    expect([live.sent.flat(), mobile.sent.flat()]).toEqual([['page-ann', 'page-ben'], ['phone-ben']]);
  });
});

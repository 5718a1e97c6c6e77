import {
  type ExpressSessions,
  expressSessions,
  type MemorySessions,
  memorySessions,
  PushService,
  type PushSession,
  type PushUser,
  redisSessions,
  type SessionAdapter,
  type SessionStore,
  type StoredSession,
  userChannels,
} from 'pushrail';
import {
  createPushHandler,
  type NodeHandler,
  type PushHandler,
  pushSession,
  type RequestSession,
  type SessionMiddleware,
  toNodeHandler,
} from 'pushrail/http';
import { backendConformance, type ConformanceCase, sessionConformance } from 'pushrail/testing';
import { expectTypeOf } from 'vitest';

// Session adapters know the application's users.
interface Customer {
  readonly number: string;
}
expectTypeOf(memorySessions()).toEqualTypeOf<MemorySessions<PushUser>>();
expectTypeOf(memorySessions<Customer>({ identify: ({ number }) => number })).toExtend<SessionStore<Customer>>();
expectTypeOf(userChannels({ prefix: 'user-' })).toExtend<SessionAdapter>();
expectTypeOf(expressSessions({ all: () => [] })).toExtend<ExpressSessions>();
expectTypeOf(redisSessions({ sendCommand: async () => [] })).toExtend<SessionStore>();
expectTypeOf(memorySessions().add('ann')).resolves.toEqualTypeOf<StoredSession>();
expectTypeOf<StoredSession>().toExtend<PushSession>();
// @ts-expect-error: a time to live is in milliseconds
memorySessions({ ttl: '30m' });
// @ts-expect-error: no user that these sessions know
void memorySessions<Customer>({ identify: ({ number }) => number }).add('ann');
PushService.configure({ backend: 'console', sessions: { channelsFor: async (users) => users.map(() => ['channel']) } });
// @ts-expect-error: an adapter looks channels up
PushService.configure({ backend: 'console', sessions: {} });

// The push handler is a function of a Request, and in its Node form one of Node's.
const handler = createPushHandler(PushService, {
  authenticate: (request, { node }) => {
    expectTypeOf(request).toEqualTypeOf<Request>();
    expectTypeOf(node?.pushSession).toEqualTypeOf<RequestSession | undefined>();
    return 'ann';
  },
  userData: async (user, { url }) => {
    expectTypeOf(user).toEqualTypeOf<PushUser>();
    return { info: { seenOn: url }, watchlist: ['ben', 42] };
  },
  webhook: (event) => {
    // Which event it is tells what it has.
    if (event.type === 'clientEvent') expectTypeOf(event.socketId).toEqualTypeOf<string | undefined>();
    if (event.type === 'memberAdded') expectTypeOf(event.userId).toEqualTypeOf<string>();
    if (event.type === 'subscriptionCount') expectTypeOf(event.subscriptionCount).toEqualTypeOf<number>();
    // @ts-expect-error: a notification is of no channel
    if (event.type === 'notificationSent') event.channel;
    // @ts-expect-error: an event that there is not
    if (event.type === 'memberLeft') return;
  },
  allowedOrigins: ['https://shop.example'],
});
expectTypeOf(handler).toEqualTypeOf<PushHandler>();
expectTypeOf(handler(new Request('http://localhost'))).resolves.toEqualTypeOf<Response>();
expectTypeOf(toNodeHandler(handler)).toEqualTypeOf<NodeHandler>();
// @ts-expect-error: an option that there is not
createPushHandler(PushService, { authorize: () => true });
// @ts-expect-error: a watch list has ids
createPushHandler(PushService, { userData: () => ({ watchlist: [{ id: 'ben' }] }) });
// @ts-expect-error: origins are a list
createPushHandler(PushService, { allowedOrigins: 'https://shop.example' });

expectTypeOf(pushSession({ sessions: memorySessions() })).toEqualTypeOf<SessionMiddleware>();
// @ts-expect-error: an option that there is not
pushSession({ session: memorySessions() });

// The suites for backends and session adapters of one's own.
expectTypeOf(sessionConformance({ create: () => ({ sessions: memorySessions() }) })).toExtend<
  readonly ConformanceCase[]
>();
expectTypeOf(backendConformance).returns.toExtend<readonly ConformanceCase[]>();
// @ts-expect-error: a suite has to make what it tries
sessionConformance({});

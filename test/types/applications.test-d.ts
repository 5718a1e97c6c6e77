import 'express-session';
import fastify, { type FastifyPluginAsync, type FastifyRequest } from 'fastify';
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
  type WebPushSession,
  webPushSession,
} from 'pushrail/http';
import { fastifyPushRoutes, fastifyPushSession } from 'pushrail/http/fastify';
import { backendConformance, type ConformanceCase, sessionConformance } from 'pushrail/testing';
import { expectTypeOf } from 'vitest';

declare module 'express-session' {
  interface SessionData {
    userId: string;
  }
}

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
  authenticate: (request, { node, pushSession }) => {
    expectTypeOf(request).toEqualTypeOf<Request>();
    expectTypeOf(node.pushSession).toEqualTypeOf<RequestSession | undefined>();
    expectTypeOf(pushSession).toEqualTypeOf<RequestSession | undefined>();
    // What the types of express-session know of a request, and what no types know.
    expectTypeOf(node.session.userId).toEqualTypeOf<string | undefined>();
    expectTypeOf(node.tenant).toBeUnknown();
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
    if (event.type === 'notificationSent') expectTypeOf(event.channel).toBeUndefined();
    expectTypeOf(event.channel).toEqualTypeOf<string | undefined>();
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

// A handler's function reads the session as a reader of the README would write it.
createPushHandler(PushService, { authenticate: (_request, { node }) => node.session.userId });
// @ts-expect-error: a key that the session does not have
createPushHandler(PushService, { authenticate: (_request, { node }) => node.session.usrId });
pushSession({
  user: (request) => {
    expectTypeOf(request.session.userId).toEqualTypeOf<string | undefined>();
    return request.session.userId;
  },
});

// Other frameworks: the session of a web handler, and the request of Fastify.
const pushSessionOf = webPushSession({ user: (session: { customer?: { id: string } }) => session.customer });
expectTypeOf(pushSessionOf).parameter(0).toEqualTypeOf<{ customer?: { id: string } }>();
expectTypeOf(pushSessionOf({})).toEqualTypeOf<WebPushSession>();
void handler(new Request('http://localhost'), { pushSession: pushSessionOf({}) });
// @ts-expect-error: a session is an object
pushSessionOf('ann');
// Users of a kind of their own come with the adapter that knows them.
webPushSession({
  sessions: memorySessions<Customer>({ identify: ({ number }) => number }),
  // @ts-expect-error: a user without what the adapter needs
  user: () => ({ name: 'Ann' }),
});
const app = fastify();
app.register(fastifyPushSession, {
  user: (request) => {
    expectTypeOf(request).toEqualTypeOf<FastifyRequest>();
    return 'ann';
  },
});
app.get('/', ({ pushSession }) => expectTypeOf(pushSession).toEqualTypeOf<RequestSession>());
expectTypeOf(fastifyPushRoutes(handler)).toEqualTypeOf<FastifyPluginAsync>();
// @ts-expect-error: a user has an id
app.register(fastifyPushSession, { user: () => ({ name: 'Ann' }) });

// The suites for backends and session adapters of one's own.
expectTypeOf(sessionConformance({ create: () => ({ sessions: memorySessions() }) })).toExtend<
  readonly ConformanceCase[]
>();
expectTypeOf(backendConformance).returns.toExtend<readonly ConformanceCase[]>();
// @ts-expect-error: a suite has to make what it tries
sessionConformance({});

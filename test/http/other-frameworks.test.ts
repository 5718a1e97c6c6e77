import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fastifyPushRoutes, fastifyPushSession } from '../../src/http/fastify.js';
import { createPushHandler, webPushSession } from '../../src/http/index.js';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type PushService,
  userChannels,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

declare module 'fastify' {
  interface Session {
    user?: string;
  }
}

// Its types and those of @fastify/session declare the same property of a request.
const secureSession: string = '@fastify/secure-session';
const { default: fastifySecureSession } = (await import(secureSession)) as {
  default: FastifyPluginCallback<{ key: Buffer }>;
};
const secret = 'a secret of 32 characters or more';

function serviceWith(sessions = memorySessions()): PushService {
  return createPushService({ backend: new RecordingBackend({ authorize: true }), sessions });
}

async function channelsOf(service: PushService, user: string): Promise<readonly string[]> {
  return (await service.sessions.channelsFor([user as never]))[0] ?? [];
}

describe('fastifyPushSession', () => {
  /** An application on @fastify/session, in which one can log in, and out in a reply that is hijacked. */
  function application(service: PushService): FastifyInstance {
    const app = fastify();
    onTestFinished(() => app.close());
    app.register(fastifyPushSession, { service, user: ({ session }) => session.user });
    app.register(fastifyCookie);
    app.register(fastifySession, { secret, saveUninitialized: false, cookie: { secure: false, maxAge: 60_000 } });
    app.register(fastifyPushRoutes(createPushHandler(service)), { prefix: '/push' });
    app.post('/log-in', async (request) => {
      request.session.user = 'ann';
      return request.pushSession.channelId ?? 'none yet';
    });
    app.post('/log-out-by-hand', async (request, reply) => {
      reply.hijack();
      await request.session.destroy();
      reply.raw.end('bye');
    });
    return app;
  }

  it('ends what a log-out in a hijacked reply leaves behind', async () => {
    const service = serviceWith();
    const app = application(service);
    const loggedIn = await app.inject({ method: 'POST', url: '/log-in' });
    const cookies = Object.fromEntries(loggedIn.cookies.map(({ name, value }) => [name, value]));
    const [channelId = ''] = await channelsOf(service, 'ann');
    expect(channelId).toMatch(/^private-session-/);
    const disconnect = vi.spyOn(service, 'disconnect');
    const { body } = await app.inject({ method: 'POST', url: '/log-out-by-hand', cookies });
    expect([body, await channelsOf(service, 'ann')]).toEqual(['bye', []]);
    await expect.poll(() => disconnect.mock.calls).toEqual([[{ session: { channelId } }]]);
  });

  it('answers with the page of the error when the session plugin is missing, and says the order', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    app.register(fastifyPushSession, { service: serviceWith() });
    app.get('/', () => 'hello');
    const { statusCode, body } = await app.inject('/');
    expect([statusCode, body]).toEqual([500, expect.stringContaining('register it before @fastify/session')]);
  });

  it.each([
    [
      '@fastify/session',
      async (app: FastifyInstance) => {
        await app.register(fastifyCookie);
        await app.register(fastifySession, { secret });
      },
    ],
    [
      '@fastify/secure-session',
      async (app: FastifyInstance) => {
        await app.register(fastifySecureSession, { key: Buffer.alloc(32, 1) });
      },
    ],
  ] as const)('is refused after %s: the session would be saved without its channel', async (_name, register) => {
    const app = fastify();
    onTestFinished(() => app.close());
    await register(app);
    app.register(fastifyPushSession, { service: serviceWith() });
    const error = await failureOf(ConfigurationError, async () => app.ready());
    expect(error.message).toBe(
      'fastifyPushSession(): register it before @fastify/session or @fastify/secure-session, so that it runs before the session is saved.',
    );
  });

  it('has no option that there is not', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    app.register(fastifyPushSession, { users: () => 'ann' } as object);
    await expect(Promise.resolve(app.ready())).rejects.toThrow('has no option "users"');
  });
});

describe('webPushSession', () => {
  interface OwnSession {
    user?: string | undefined;
    pushSession?: object;
  }

  it('says when the session has to be saved, and only then', async () => {
    const pushSessionOf = webPushSession<OwnSession>({ service: serviceWith() });
    const session: OwnSession = {};
    expect(await pushSessionOf(session).settle()).toBe(false);
    const visitor = pushSessionOf(session);
    await visitor.clientConfig();
    expect([await visitor.settle(), await visitor.settle()]).toEqual([true, false]);
    expect(Object.keys(session)).toEqual(['pushSession']);
    const again = pushSessionOf(session);
    await again.clientConfig();
    expect(await again.settle()).toBe(false);
  });

  it('ends a session that was emptied, though the user is still known from before', async () => {
    const service = serviceWith();
    let user: string | undefined;
    const pushSessionOf = webPushSession<OwnSession>({ service, user: () => user });
    const session: OwnSession = {};
    const logIn = pushSessionOf(session);
    user = 'ann';
    await logIn.settle();
    const [channelId = ''] = await channelsOf(service, 'ann');
    expect(channelId).toMatch(/^private-session-/);
    const disconnect = vi.spyOn(service, 'disconnect');
    const logOut = pushSessionOf(session);
    Reflect.deleteProperty(session, 'pushSession'); // as destroy() of iron-session
    expect(await logOut.settle()).toBe(true);
    expect([await channelsOf(service, 'ann'), logOut.user, session]).toEqual([[], undefined, {}]);
    // Its pages would come back with the cookie of before, which the response replaces.
    expect(disconnect).not.toHaveBeenCalled();
    await expect.poll(() => disconnect.mock.calls, { timeout: 5000 }).toEqual([[{ session: { channelId } }]]);
  });

  it('writes to a session that is read and written by methods', async () => {
    const kept = new Map<string, unknown>();
    const session = {
      get pushSession() {
        return kept.get('push');
      },
      set pushSession(value) {
        kept.set('push', value);
      },
    };
    let user: string | undefined = 'ann';
    const pushSessionOf = webPushSession<object>({ service: serviceWith(), user: () => user });
    expect(await pushSessionOf(session).settle()).toBe(true);
    expect(kept.get('push')).toEqual({ channelId: expect.any(String), userId: 'ann' });
    const logOut = pushSessionOf(session);
    user = undefined;
    expect(await logOut.settle()).toBe(true);
    expect([kept.get('push'), Object.keys(session)]).toEqual([undefined, ['pushSession']]);
  });

  it('keeps nothing where channels are named after users', async () => {
    const service = createPushService({ backend: new RecordingBackend({ authorize: true }), sessions: userChannels() });
    const session: OwnSession = { user: 'ann' };
    const pushSession = webPushSession<OwnSession>({ service })(session);
    const answer = await createPushHandler(service)(new Request('http://shop.example/push/config'), { pushSession });
    expect(await answer.json()).toMatchObject({ channels: ['ann'], userId: 'ann' });
    expect([await pushSession.settle(), session]).toEqual([false, { user: 'ann' }]);
  });

  it.each([undefined, null, 'ann'])('refuses %j as a session', (session) => {
    const pushSessionOf = webPushSession({ service: serviceWith() });
    expect(() => pushSessionOf(session as never)).toThrow(/^webPushSession\(\) got no session/);
  });
});

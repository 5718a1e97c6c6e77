import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { AppUser } from '../authorization/requests.js';
import { ConfigurationError } from '../core/errors.js';
import { answerTo } from './node-handler.js';
import type { PushHandler } from './push-handler.js';
import { sessionAt } from './push-session.js';
import type { RequestSession } from './request.js';
import { type SessionChannelOptions, sessionContexts } from './session-context.js';
import { SessionOfRequest } from './session-of-request.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Made by `fastifyPushSession` of pushrail. Before `preHandler` there is none. */
    pushSession: RequestSession;
  }
}

/** Options of {@link fastifyPushSession}. */
export interface FastifyPushSessionOptions extends SessionChannelOptions<never> {
  /** Returns the user who is logged in; null or undefined for nobody. @default request.user */
  user?(request: FastifyRequest): AppUser | null | undefined;
}

const remedy =
  'register it before @fastify/session or @fastify/secure-session, so that it runs before the session is saved.';

/**
 * Plugin for Fastify that gives each session a channel of its own, as `pushSession()` does in Express. Register it
 * before `@fastify/session` or `@fastify/secure-session`, because hooks run in the order of registration, and what it
 * writes into a session has to be there when the session is saved.
 * @throws ConfigurationError for an unknown option, and when the session plugin was registered before
 * @throws ValidationError for a wrong `ttl` or `timeout`
 * @example
 * app.register(fastifyPushSession, { user: (request) => request.session.user });
 * app.register(fastifyCookie);
 * app.register(fastifySession, { secret });
 */
export const fastifyPushSession: FastifyPluginAsync<FastifyPushSessionOptions> = unscoped(async (app, options) => {
  const contextOfRequest = sessionContexts('fastifyPushSession()', options);
  if (app.hasRequestDecorator('session')) throw new ConfigurationError(`fastifyPushSession(): ${remedy}`);
  const sessions = new WeakMap<FastifyRequest, SessionOfRequest>();
  const userOf = (request: FastifyRequest): unknown =>
    options.user === undefined ? Reflect.get(request, 'user') : options.user(request);

  app.decorateRequest('pushSession');
  // Here the body has been read, and the user was found in most applications.
  app.addHook('preHandler', async (request, reply) => {
    const access = {
      session: () => sessionOf(request),
      user: () => userOf(request),
      // Only sessions of @fastify/session have one.
      idOf: (session: object) => Reflect.get(session, 'sessionId'),
      hasBegun: () => reply.sent || reply.raw.headersSent,
    };
    if (sessionAt(request) === undefined)
      throw new ConfigurationError(`fastifyPushSession() found no request.session: ${remedy}`);
    const session = new SessionOfRequest(access, contextOfRequest());
    session.begin();
    sessions.set(request, session);
    request.pushSession = session;
  });
  app.addHook('onSend', async (request) => sessions.get(request)?.settle());
  // A reply that was hijacked, or whose connection was lost, has no onSend.
  app.addHook('onResponse', async (request) => {
    const session = sessions.get(request);
    void session?.settle(true);
    session?.disconnectFormer();
  });
});

/**
 * Makes a plugin for Fastify of a push handler, which mounts its routes below a prefix.
 * @example
 * app.register(fastifyPushRoutes(createPushHandler(PushService)), { prefix: '/push' });
 */
export function fastifyPushRoutes(handler: PushHandler): FastifyPluginAsync {
  return async (routes) => {
    // The handler reads the body itself: within these routes nothing parses it before.
    routes.removeAllContentTypeParsers();
    routes.addContentTypeParser('*', (_request, _body, done) => done(null));
    routes.all('/*', async (request, reply) => {
      const { pushSession } = request as { pushSession?: RequestSession | undefined };
      const answer = await answerTo(request.raw, reply.raw, handler, pushSession);
      reply.code(answer.status).headers(Object.fromEntries(answer.headers));
      return reply.send(answer.body === null ? null : Readable.fromWeb(answer.body as ReadableStream));
    });
  };
}

/** The session of a request, also while the application has marked one of @fastify/secure-session as deleted. */
function sessionOf(request: FastifyRequest): object | undefined {
  const session = sessionAt(request);
  const isDeleted = session !== undefined && Reflect.get(session, 'deleted') === true && 'delete' in session;
  return isDeleted ? undefined : session;
}

/** Marks a plugin whose hooks belong to the instance that registers it, as the package fastify-plugin does. */
function unscoped<Plugin extends object>(plugin: Plugin): Plugin {
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'fastifyPushSession',
    [Symbol.for('plugin-meta')]: { name: 'pushrail', fastify: '5.x' },
  });
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request } from 'express';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type PushSessionOptions, pushSession } from '../../src/http/push-session.js';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type SessionStore,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { Application } from './support/application.js';

const service = createPushService({ backend: new RecordingBackend() });

/** Sessions that do as they are told. */
function sessionsThat(broken: Partial<SessionStore>): SessionStore {
  return { ...memorySessions(), ...broken };
}

async function started(
  options: PushSessionOptions,
  routes: (application: Application) => void = () => {},
): Promise<Application> {
  const application = new Application({ service, sessions: memorySessions(), ...options });
  routes(application);
  return application.start();
}

async function channelsOf(sessions: SessionStore, user: string): Promise<readonly string[]> {
  return (await sessions.channelsFor([user]))[0] ?? [];
}

describe('a session adapter that fails', () => {
  const down = (): Promise<never> => Promise.reject(new Error('Redis is down'));

  test('leaves the pages as they are, and is logged', async () => {
    const logger = new RecordingLogger();
    await using application = await started({ logger, sessions: sessionsThat({ add: down, remove: down }) });
    const browser = application.browser();
    expect(await browser.logIn('ann')).toBe('welcome');
    expect(await browser.get('/page')).toBe('hello');
    expect(await browser.logOut('within the session')).toBe('bye');
    expect(application.errors).toEqual([]);
    expect(new Set(logger.entries.map(({ level, text }) => `${level}: ${text}`))).toEqual(
      new Set([
        'error: a session could not be bound to its user, and does not receive what is sent to the user',
        'error: a session could not be unbound from its user, and goes on receiving until it expires',
      ]),
    );
    expect(logger.entries[0]?.details).toMatchObject({ err: { message: 'Redis is down' } });
  });

  test('is logged once in ten seconds for each reason, with the number of lines that were left out', async () => {
    const logger = new RecordingLogger();
    let reason = 'Redis is frozen';
    const failing = (): Promise<never> => Promise.reject(new Error(reason));
    await using application = await started({ logger, sessions: sessionsThat({ add: failing }) });
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['performance'] });
    const browser = application.browser();
    await browser.logIn('ann');
    for (let times = 0; times < 20; times++) await browser.get('/page');
    expect(logger.entries).toHaveLength(1);
    reason = 'another reason';
    await browser.get('/page');
    expect(logger.entries).toHaveLength(2);
    reason = 'Redis is frozen';
    vi.advanceTimersByTime(10_000);
    await browser.get('/page');
    expect(logger.entries.map(({ details }) => details)).toMatchObject([
      { err: { message: 'Redis is frozen' } },
      { err: { message: 'another reason' } },
      { err: { message: 'Redis is frozen' }, leftOut: 20 },
    ]);
  });

  test('makes clientConfig() fail: the page would hear nothing', async () => {
    await using application = await started({ logger: new RecordingLogger(), sessions: sessionsThat({ add: down }) });
    const browser = application.browser();
    await browser.logIn('ann');
    expect(await browser.get('/config')).toBe('Redis is down');
  });

  test('by throwing is no different', async () => {
    const logger = new RecordingLogger();
    const add = (): never => {
      throw new Error('not connected');
    };
    await using application = await started({ logger, sessions: sessionsThat({ add }) });
    expect(await application.browser().logIn('ann')).toBe('welcome');
    expect(logger.entries).toHaveLength(1);
  });

  test('by never answering is waited for as long as is said', async () => {
    const logger = new RecordingLogger();
    const sessions = sessionsThat({ add: () => new Promise(() => {}) });
    await using application = await started({ logger, sessions, timeout: 20 });
    const browser = application.browser();
    expect(await browser.logIn('ann')).toBe('welcome');
    expect(logger.entries[0]?.details).toMatchObject({
      err: { name: 'TimeoutError', message: 'The session adapter did not answer within 20 ms.' },
    });
    expect(await browser.get('/config')).toBe('The session adapter did not answer within 20 ms.');
  });

  test('with a logger that fails, too, leaves the pages as they are', async () => {
    const broken = (): never => {
      throw new Error('disk full');
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    await using application = await started({ logger, sessions: sessionsThat({ add: down }) });
    expect(await application.browser().logIn('ann')).toBe('welcome');
  });
});

test('a timeout need not be a whole number of milliseconds', async () => {
  const sessions = memorySessions();
  await using application = await started({ sessions, timeout: 1500.5 });
  const browser = application.browser();
  await browser.logIn('ann');
  expect(await browser.channels()).toEqual(await channelsOf(sessions, 'ann'));
});

describe('what is wrong in the application', () => {
  test('is told when there is no session', () => {
    const errors: unknown[] = [];
    const response = {} as ServerResponse;
    pushSession({ service })({ session: null }, response, (error) => errors.push(error));
    expect(errors).toEqual([expect.any(ConfigurationError)]);
    expect((errors[0] as Error).message).toBe(
      'pushSession() found no request.session: use it after express-session or cookie-session.',
    );
    expect(response).toEqual({});
  });

  test('is told when "user" fails or gives no user', async () => {
    for (const [user, words] of [
      [() => expect.fail('no such table'), 'no such table'],
      [() => ({}) as never, 'A user must be an id'],
    ] as const) {
      await using application = await started({ user });
      const response = await application.browser().request('GET', '/page');
      expect(response.status).toBe(500);
      expect(await response.text()).toContain(words);
    }
  });

  test('is told when clientConfig() comes too late', async () => {
    const errors: Error[] = [];
    await using application = await started({}, ({ app }) => {
      app.get('/late', async (request, response) => {
        response.write('…');
        await request.pushSession.clientConfig().catch((error: Error) => errors.push(error));
        response.end();
      });
      app.get('/gone', (request, response) => {
        request.session.destroy(async () => {
          await request.pushSession.clientConfig().catch((error: Error) => errors.push(error));
          response.end();
        });
      });
    });
    const browser = application.browser();
    await browser.get('/late');
    await browser.get('/gone');
    expect(errors.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'ConfigurationError: clientConfig() was called after the response had begun, too late for the cookie of a new session: call it earlier.',
      'ConfigurationError: clientConfig() found no session: the application has destroyed it.',
    ]);
  });

  test.each([0, -1, Number.NaN, '1000'])('is told for a ttl or timeout of %j', async (value) => {
    await failureOf(ValidationError, () => pushSession({ ttl: value as number }));
    await failureOf(ValidationError, () => pushSession({ timeout: value as number }));
  });

  test('is told for an option that is unknown, or is no function', () => {
    expect(() => pushSession({ users: () => 'ann' } as PushSessionOptions)).toThrow(
      new ConfigurationError('pushSession() has no option "users"; did you mean "user"?'),
    );
    expect(() => pushSession({ user: 'ann' } as unknown as PushSessionOptions)).toThrow(
      new ConfigurationError('pushSession(): "user" must be a function.'),
    );
  });

  test.each([Number.POSITIVE_INFINITY, 2 ** 31])(
    'is told for a timeout of %d, with which no tie would be made',
    (value) => {
      expect(() => pushSession({ timeout: value })).toThrow(
        new ValidationError(`"timeout" must be a number of milliseconds from 1 to 2147483647, not ${value}.`),
      );
    },
  );
});

describe('a response', () => {
  test('is ended once, whatever the application ends twice', async () => {
    await using application = await started({}, ({ app }) => {
      app.get('/twice', (request, response) => {
        request.session.userId = 'ann';
        (request as { user?: unknown }).user = 'ann';
        response.end('one');
        response.end();
      });
    });
    const response = await application.browser().request('GET', '/twice');
    expect([response.status, await response.text()]).toEqual([200, 'one']);
  });

  test('to HEAD has no body and binds the session all the same', async () => {
    const sessions = memorySessions();
    await using application = await started({ sessions }, ({ app }) => {
      app.head('/log-in-head', (request, response) => {
        request.session.userId = 'ann';
        (request as { user?: unknown }).user = 'ann';
        response.send('a body that HEAD does not get');
      });
    });
    const response = await application.browser().request('HEAD', '/log-in-head');
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(await channelsOf(sessions, 'ann')).toHaveLength(1);
  });

  test('that is streamed carries the cookie of the session, and ends when the tie is made', async () => {
    const sessions = memorySessions();
    await using application = await started({ sessions }, ({ app }) => {
      app.get('/stream', async (request, response) => {
        request.session.userId = 'ann';
        (request as { user?: unknown }).user = 'ann';
        for (const part of ['a', 'b', 'c']) {
          response.write(part);
          await new Promise(setImmediate);
        }
        response.end('d');
      });
    });
    const browser = application.browser();
    expect(await browser.get('/stream')).toBe('abcd');
    expect(browser.cookie).toBeDefined();
    expect(await browser.channels()).toEqual(await channelsOf(sessions, 'ann'));
  });

  test('that waits for the tie counts as begun: an error afterwards does not answer a second time', async () => {
    await using application = await started({}, ({ app }) => {
      app.get('/log-in-and-fail', (request, response) => {
        request.session.userId = 'ann';
        (request as { user?: unknown }).user = 'ann';
        response.send('welcome');
        expect(response.headersSent).toBe(true);
        throw new Error('too late');
      });
    });
    await application
      .browser()
      .get('/log-in-and-fail')
      .catch(() => 'cut off');
    expect(application.errors).toEqual([new Error('too late')]);
    expect(await application.browser().get('/page')).toBe('hello');
  });

  test('whose client is gone unbinds who was logged out, and binds nobody', async () => {
    const sessions = memorySessions();
    const { promise: isWaiting, resolve: wait } = Promise.withResolvers<void>();
    await using application = await started({ sessions }, ({ app }) => {
      app.get('/slow-log-out', (request) => request.session.destroy(() => wait()));
      app.get('/slow-log-in', (request: Request) => {
        request.session.userId = 'bob';
        (request as { user?: unknown }).user = 'bob';
        wait();
      });
    });
    const [ann, bob] = [application.browser(), application.browser()];
    await ann.logIn('ann');
    const leaving = new AbortController();
    const requests = [
      ann.request('GET', '/slow-log-out', leaving.signal),
      bob.request('GET', '/slow-log-in', leaving.signal),
    ];
    await isWaiting;
    leaving.abort();
    for (const request of requests) await expect(request).rejects.toThrow();
    await expect.poll(() => channelsOf(sessions, 'ann')).toEqual([]);
    expect(await channelsOf(sessions, 'bob')).toEqual([]);
  });
});

describe('without Express', () => {
  /** A server of Node's, on which everybody is Ann, in one session. */
  async function plainServer(
    sessions: SessionStore,
    answer: (response: ServerResponse) => void,
  ): Promise<{ readonly url: string; readonly session: object; close(): void }> {
    const middleware = pushSession({ service, sessions, user: () => 'ann' });
    const session = {};
    const server = createServer((request: IncomingMessage & { session?: object }, response) => {
      request.session = session;
      middleware(request, response, () => middleware(request, response, () => answer(response)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, session, close };
  }

  test('a session is any object on the request, and the middleware may be there twice', async () => {
    const sessions = memorySessions();
    const { url, session, close } = await plainServer(sessions, (response) => response.end('hello'));
    for (let times = 0; times < 2; times++) expect(await (await fetch(url)).text()).toBe('hello');
    const channels = await channelsOf(sessions, 'ann');
    expect(channels).toHaveLength(1);
    expect(session).toEqual({ pushSession: { channelId: channels[0], userId: 'ann' } });
    close();
  });

  test('a response that cannot be ended is cut off', async () => {
    const { url, close } = await plainServer(memorySessions(), (response) => response.end(42));
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
    close();
  });
});

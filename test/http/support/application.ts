import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';
import session, { type SessionOptions } from 'express-session';
import { type PushSessionOptions, pushSession } from '../../../src/http/push-session.js';

declare module 'express-session' {
  interface SessionData {
    userId: string;
  }
}

interface RequestWithUser extends Request {
  user?: { readonly id: string } | undefined;
}

/** How the application logs out. */
export const logOuts: Readonly<Record<string, (request: RequestWithUser, done: () => void) => void>> = {
  'by destroying the session': (request, done) => request.session.destroy(done),
  'by a new session': (request, done) => request.session.regenerate(done),
  'within the session': (request, done) => {
    delete request.session.userId;
    request.user = undefined;
    done();
  },
};

/** A real Express application on express-session, in which one can log in and out. */
export class Application implements AsyncDisposable {
  readonly app: Express = express();
  /** What the application answered with an error. */
  readonly errors: unknown[] = [];
  #server: ReturnType<Express['listen']> | undefined;

  constructor(options: PushSessionOptions, sessionOptions: Partial<SessionOptions> = {}) {
    const { app } = this;
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false, ...sessionOptions }));
    app.use((request: RequestWithUser, _response, next) => {
      if (request.session.userId !== undefined) request.user = { id: request.session.userId };
      next();
    });
    app.use(pushSession(options));
    app.get('/page', (_request, response) => void response.send('hello'));
    app.get('/config', async (request, response) => void response.json(await request.pushSession.clientConfig()));
    app.get('/channel', (request, response) => void response.json(request.pushSession.channelId ?? null));
    app.post('/log-in', (request, response) => request.session.regenerate(() => logIn(request, response)));
    app.post('/log-in-keeping', (request, response) => {
      const before: object = request.session;
      request.session.regenerate(() => {
        // As Passport does with keepSessionInfo: what is there already, the cookie above all, stays.
        Object.assign(request.session, { ...before, ...request.session });
        logIn(request, response);
      });
    });
    app.post('/log-in-within', (request, response) => logIn(request, response));
    for (const [how, logOut] of Object.entries(logOuts))
      app.post(`/${slug(how)}`, (request, response) => logOut(request, () => void response.send('bye')));
  }

  async start(): Promise<this> {
    this.app.use((error: Error, _request: Request, response: Response, next: (error: Error) => void) => {
      this.errors.push(error);
      if (response.headersSent) next(error);
      else response.status(500).send(error.message);
    });
    this.#server = this.app.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    const address = this.#server?.address() as AddressInfo | undefined;
    return address?.port ?? 0;
  }

  browser(): Browser {
    return new Browser(`http://127.0.0.1:${this.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

function logIn(request: RequestWithUser, response: Response): void {
  request.session.userId = String(request.query['user']);
  request.user = { id: request.session.userId };
  response.send('welcome');
}

function slug(how: string): string {
  return how.replaceAll(' ', '-');
}

/** A browser, as far as its cookies go. */
export class Browser {
  readonly #origin: string;
  cookie: string | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async request(method: string, path: string, signal: AbortSignal | null = null): Promise<globalThis.Response> {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    const response = await fetch(this.#origin + path, { method, headers, redirect: 'manual', signal });
    const set = response.headers.get('set-cookie');
    if (set !== null) this.cookie = set.split(';')[0];
    return response;
  }

  async get(path: string): Promise<string> {
    return (await this.request('GET', path)).text();
  }

  async post(path: string): Promise<string> {
    return (await this.request('POST', path)).text();
  }

  logIn(user: string): Promise<string> {
    return this.post(`/log-in?user=${user}`);
  }

  logOut(how: string): Promise<string> {
    return this.post(`/${slug(how)}`);
  }

  /** The channels in the configuration of the page. */
  async channels(): Promise<string[]> {
    return (JSON.parse(await this.get('/config')) as { channels: string[] }).channels;
  }
}

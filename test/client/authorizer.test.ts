import { describe, expect, it } from 'vitest';
import { type AuthOptions, Authorizer } from '../../src/client/authorizer.js';
import { AuthError } from '../../src/client/errors.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { startAuthServer } from './auth-server.js';

const config = { backend: 'websocket', channels: [] };

function authorizer(options: AuthOptions, changes: object = {}): Authorizer {
  return new Authorizer({ ...config, ...changes }, options);
}

describe('asking the application', () => {
  it('posts a form with the socket id and each channel, and returns what is answered', async () => {
    const server = await startAuthServer(() => ({ auth: 'key:signature', channel_data: '{}' }));
    const answer = await authorizer({ endpoint: `${server.origin}/push/auth` }).authorize(['a', 'b c&d'], '1.2');
    expect(answer).toEqual({ auth: 'key:signature', channel_data: '{}' });
    const [request] = server.requests;
    expect([request?.method, request?.path]).toEqual(['POST', '/push/auth']);
    expect(request?.headers['content-type']).toMatch('application/x-www-form-urlencoded');
    expect([...(request?.form ?? [])]).toEqual([
      ['socket_id', '1.2'],
      ['channel_name', 'a'],
      ['channel_name', 'b c&d'],
    ]);
  });

  it('sends no socket id where there is none, and no channel for the sign-in', async () => {
    const server = await startAuthServer(() => ({ auth: 'token', user_data: '{"id":"ann"}' }));
    const asking = authorizer({ endpoint: server.origin, userEndpoint: `${server.origin}/me` });
    await asking.authorize(['a']);
    expect(await asking.signIn('1.2')).toEqual({ auth: 'token', user_data: '{"id":"ann"}' });
    expect(server.requests.map(({ path, form }) => [path, form.toString()])).toEqual([
      ['/', 'channel_name=a'],
      ['/me', 'socket_id=1.2'],
    ]);
  });

  it('takes endpoint, headers and parameters from functions, also asynchronous ones, anew for each request', async () => {
    const server = await startAuthServer(() => ({ auth: 'x' }));
    let count = 0;
    const asking = authorizer({
      endpoint: async ({ channels }) => `${server.origin}/auth/${channels.join('+')}`,
      headers: async () => ({ authorization: `Bearer ${++count}` }),
      params: ({ channels, socketId }) => ({ tenant: `${channels.length} ${socketId}` }),
    });
    await asking.authorize(['a', 'b'], '1.2');
    await asking.authorize(['c']);
    expect(server.requests.map(({ path, headers, form }) => [path, headers.authorization, form.get('tenant')])).toEqual(
      [
        ['/auth/a+b', 'Bearer 1', '2 1.2'],
        ['/auth/c', 'Bearer 2', '1 undefined'],
      ],
    );
  });

  it('goes by the options before the configuration, and by that before the defaults', async () => {
    const server = await startAuthServer(() => ({ auth: 'x' }));
    const named = { authEndpoint: `${server.origin}/config`, userAuthEndpoint: `${server.origin}/config-user` };
    const defaults = { endpoint: `${server.origin}/default`, userEndpoint: `${server.origin}/default-user` };
    await new Authorizer({ ...config, ...named }, { endpoint: `${server.origin}/option` }, defaults).authorize(['a']);
    await new Authorizer({ ...config, ...named }, {}, defaults).authorize(['a']);
    await new Authorizer(config, {}, defaults).authorize(['a']);
    await new Authorizer({ ...config, ...named }, {}, defaults).signIn();
    await new Authorizer(config, {}, defaults).signIn();
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/option',
      '/config',
      '/default',
      '/config-user',
      '/default-user',
    ]);
    const nobody = new Authorizer(config);
    expect([nobody.endpoint, nobody.userEndpoint]).toEqual([undefined, undefined]);
  });

  it('asks with the fetch that it is given, with cookies for the page’s own origin', async () => {
    const asked: unknown[] = [];
    const answer = await authorizer({
      endpoint: '/push/auth',
      fetch: async (input, init) => {
        asked.push([input, init?.credentials]);
        return Response.json({ auth: 'x' });
      },
    }).authorize(['a']);
    expect([answer, asked]).toEqual([{ auth: 'x' }, [['/push/auth', 'same-origin']]]);
  });
});

describe('an authorisation that is not given', () => {
  it.each([
    [
      { status: 403, error: 'This is not yours.' },
      { message: 'This is not yours.', status: 403, isRefusal: true },
    ],
    [401, { message: 'ORIGIN/auth answered 401', status: 401, isRefusal: true }],
    [
      { status: 503, error: { code: 7 } },
      { message: 'ORIGIN/auth answered 503', status: 503, isRefusal: false },
    ],
    [429, { message: 'ORIGIN/auth answered 429', status: 429, isRefusal: false }],
    [{ token: 'x' }, { message: 'the answer of ORIGIN/auth has no "auth"', status: 200, isRefusal: true }],
    [200, { message: 'the answer of ORIGIN/auth has no "auth"', status: 200, isRefusal: true }],
  ])('after the answer %j says why', async (answer, expected) => {
    const server = await startAuthServer(() => answer);
    const endpoint = `${server.origin}/auth?token=secret#there`;
    const failure = await failureOf(AuthError, authorizer({ endpoint }).authorize(['a']));
    expect(failure).toMatchObject({ ...expected, message: expected.message.replace('ORIGIN', server.origin) });
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    ['86400', 600_000],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['Wed, 21 Oct 2099 07:28:00 GMT', 600_000],
    ['soon', 0],
    ['-1', 0],
  ])('after the header "Retry-After: %s" says how long to wait', async (header, retryAfterMs) => {
    const fetch = async (): Promise<Response> => new Response('', { status: 503, headers: { 'retry-after': header } });
    const failure = await failureOf(AuthError, authorizer({ endpoint: '/push/auth', fetch }).authorize(['a']));
    expect(failure).toMatchObject({ status: 503, retryAfterMs });
  });

  it('says that nobody can be reached', async () => {
    const failure = await failureOf(
      AuthError,
      authorizer({ endpoint: 'http://127.0.0.1:1/?token=secret' }).authorize(['a']),
    );
    expect(failure).toMatchObject({
      message: 'the request to http://127.0.0.1:1/ failed',
      status: undefined,
      isRefusal: false,
    });
  });

  it('ends when there is no answer in time, and the request with it', async () => {
    let signal: AbortSignal | null | undefined;
    const failure = await failureOf(
      AuthError,
      authorizer({
        endpoint: '/push/auth',
        timeout: 20,
        fetch: (_input, init) => {
          signal = init?.signal;
          return new Promise(() => {});
        },
      }).authorize(['a']),
    );
    expect(failure).toMatchObject({ message: 'no answer within 20 ms', isRefusal: false });
    expect(signal?.aborted).toBe(true);
  });

  it('ends in time also when a function of the options never returns', async () => {
    const asking = authorizer({ endpoint: '/push/auth', headers: () => new Promise(() => {}), timeout: 20 });
    expect(await failureOf(AuthError, asking.authorize(['a']))).toMatchObject({ message: 'no answer within 20 ms' });
  });

  it('says that a function of the options failed, with what it threw as the cause', async () => {
    const cause = new Error('no session');
    const asking = authorizer({
      endpoint: '/push/auth',
      headers: () => {
        throw cause;
      },
    });
    expect(await failureOf(AuthError, asking.authorize(['a']))).toMatchObject({
      message: 'a function of the auth options failed',
      cause,
    });
  });

  it('shows nothing of the headers, the parameters and the address', async () => {
    const secret = 'hunter2';
    const options: AuthOptions = {
      endpoint: `http://127.0.0.1:1/?token=${secret}`,
      headers: { authorization: secret },
      params: { password: secret },
    };
    const failures = [
      await failureOf(AuthError, authorizer(options).authorize(['a'])),
      await failureOf(
        AuthError,
        authorizer({ ...options, headers: { authorization: `${secret}\nx` } }).authorize(['a']),
      ),
    ];
    expect(failures[1]?.message).toBe('a header of the auth options is not valid');
    expect(everythingShown(failures)).not.toContain(secret);
  });
});

import { createHash } from 'node:crypto';
import { expect, onTestFinished, vi } from 'vitest';
import { behaviour, departure, type Source } from './documents.js';
import { type ApiRequest, api, app, connect, hmac, send, sharedServer } from './support/server.js';

const disabled = { ...app, appId: '4', pubKey: 'disabled', enabled: false };
const server = sharedServer({ apps: [disabled] });
const generating: Source = ['httpApi', 'Generating authentication signatures'];
const authentication: Source = ['httpApi', 'Authentication'];
const general: Source = ['httpApi', 'General'];

const now = (): number => Math.floor(Date.now() / 1000);

behaviour('the worked example is taken, word for word', ['httpApi', 'Worked authentication example'], async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_353_088_179_000 });
  onTestFinished(() => void vi.useRealTimers());
  const client = await connect(server());
  await client.subscribe('project-3');
  const target =
    '/apps/3/events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c';
  const payload = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}';
  expect(await send(server(), { method: 'POST', target, payload })).toMatchObject({ status: 200, json: {} });
  expect(await client.next('foo')).toEqual({ event: 'foo', channel: 'project-3', data: '{"some":"data"}' });
});

behaviour('names are signed in lower case, and the text is not escaped', generating, async () => {
  const query = { Name: 'Something else', filter_by_prefix: 'a=b@c,d;e' };
  expect((await api(server(), { path: '/channels', query })).status).toBe(200);
});

behaviour('parameters are sorted by their names', generating, async () => {
  const parameters = [
    ['info', 'subscription_count'],
    ['auth_version', '1.0'],
    ['auth_timestamp', String(now())],
    ['auth_key', app.pubKey],
  ].map((pair) => pair.join('='));
  for (const [sorted, status] of [
    [[...parameters].sort(), 200],
    [parameters, 401],
  ] as const) {
    const signature = hmac(`GET\n/apps/3/channels\n${sorted.join('&')}`);
    const target = `/apps/3/channels?${parameters.join('&')}&auth_signature=${signature}`;
    expect((await send(server(), { method: 'GET', target, payload: '' })).status).toBe(status);
  }
});

for (const name of ['auth_key', 'auth_timestamp', 'auth_version'])
  behaviour(`without ${name}: 401`, authentication, async () => {
    const { status, text } = await api(server(), { path: '/channels', auth: { [name]: undefined } });
    expect([status, text]).toEqual([401, expect.stringContaining(name)]);
  });

const wrong: [what: string, ApiRequest, named: string][] = [
  ['another key', { path: '/channels', auth: { auth_key: 'another' } }, 'auth_key'],
  ['another version', { path: '/channels', auth: { auth_version: '2.0' } }, 'auth_version'],
  ['another signature', { path: '/channels', signature: '0'.repeat(64) }, 'auth_signature'],
  ['no signature', { path: '/channels', signature: '' }, 'auth_signature'],
  [
    'a timestamp that is 700 s old',
    { path: '/channels', auth: { auth_timestamp: String(now() - 700) } },
    'auth_timestamp',
  ],
  ['a timestamp 700 s ahead', { path: '/channels', auth: { auth_timestamp: String(now() + 700) } }, 'auth_timestamp'],
];

for (const [what, request, named] of wrong)
  behaviour(`${what}: 401, with an explanation in the body`, general, async () => {
    const { status, text } = await api(server(), request);
    expect([status, text]).toEqual([401, expect.stringContaining(named)]);
    expect(text).not.toContain(app.secretKey);
  });

for (const seconds of [-580, 580])
  behaviour(`a timestamp that is ${seconds} s off is taken: 600 s are`, authentication, async () => {
    const auth = { auth_timestamp: String(now() + seconds) };
    expect((await api(server(), { path: '/channels', auth })).status).toBe(200);
  });

behaviour('a body needs its MD5', authentication, async () => {
  const body = { name: 'foo', channels: ['a'], data: '1' };
  const md5 = createHash('md5').update('another body').digest('hex');
  for (const body_md5 of [undefined, md5, ''])
    expect((await api(server(), { method: 'POST', path: '/events', body, auth: { body_md5 } })).status).toBe(401);
});

behaviour('an empty body needs none, and may have it', authentication, async () => {
  for (const body_md5 of [undefined, createHash('md5').update('').digest('hex')])
    expect((await api(server(), { path: '/channels', auth: { body_md5 } })).status).toBe(200);
});

behaviour('a disabled application is answered with 403', general, async () => {
  const { status } = await api(server(), { path: '/channels', appId: '4', auth: { auth_key: 'disabled' } });
  expect(status).toBe(403);
});

departure(
  'an application that is not there is answered with 404',
  general,
  'It does not say; Pusher answers a key that it does not know with 400.',
  async () => {
    expect((await api(server(), { path: '/channels', appId: '999' })).status).toBe(404);
  },
);

departure(
  'a request whose signature fits another one is answered with 400',
  generating,
  'A text without escapes fits several; it does not say which of them counts.',
  async () => {
    const query = { filter_by_prefix: 'a', info: 'x&other=y' };
    expect((await api(server(), { path: '/channels', query })).status).toBe(400);
  },
);

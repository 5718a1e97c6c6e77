import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type PushServerSettings,
  type PushService,
} from '../../src/index.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';

const dsn = 'websocket://key:open-sesame@1?host=127.0.0.1&port=0&maxEventBytes=500&retries=0';
const sessions = memorySessions();

function made(settings: object | string, beside?: object): PushService {
  const push = createPushService(settings as PushServerSettings, beside);
  onTestFinished(() => push.close());
  return push;
}

beforeEach(() => {
  vi.stubEnv('PUSH_SERVER', dsn);
  vi.stubEnv('PUSHER_URL', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('what a DSN leaves open', () => {
  test.each([
    ['goes into a second argument', (beside: object) => made(dsn, beside)],
    ['stands beside the DSN as the backend', (beside: object) => made({ backend: dsn as 'x:', ...beside })],
    ['stands alone where the environment has the DSN', (beside: object) => made(beside)],
  ])('%s', (_title, make) => {
    const { backend, ...push } = shown(
      make({ sessions, timeout: 300, options: { maxEventBytes: 700, tlsOnly: true } }),
    );
    expect(push).toEqual({ sessions, timeout: 300 });
    expect(backend).toEqual({
      backend: 'websocket',
      appId: '1',
      pubKey: 'key',
      secretKey: '[secret]',
      options: { host: '127.0.0.1', port: 0, maxEventBytes: 700, tlsOnly: true },
    });
  });

  function shown(push: PushService): { backend: unknown; sessions: unknown; timeout: number } {
    return { backend: push.backend.toJSON(), sessions: push.sessions, timeout: push.timeout };
  }

  test('includes the credentials, and a key that is undefined says nothing', () => {
    const { backend } = made({ secretKey: 'another', pubKey: undefined, options: { port: undefined } });
    expect(backend).toMatchObject({ pubKey: 'key', secretKey: 'another', options: { port: 0 } });
  });

  test('is as wrong as elsewhere when it is wrong', async () => {
    const wrong = { sessions: memorySessions, options: { prot: 1 } } as unknown as PushServerSettings;
    const error = await failureOf(ConfigurationError, () => createPushService(wrong));
    expect(error.message).toBe(
      'PUSH_SERVER: "sessions" must be a session adapter, such as memorySessions(), found a function.',
    );
    const option = await failureOf(ConfigurationError, () => createPushService(dsn, { options: { prot: 1 } }));
    expect(option.message).toBe('The websocket backend\'s options: unknown key "prot" (did you mean "port"?).');
  });
});

test('the environment says nothing where the code names a backend', () => {
  expect(made({ backend: 'console', options: { format: 'json' } }).backend.toJSON()).toEqual({
    backend: 'console',
    options: { format: 'json' },
  });
});

test('settings without a backend, and none in the environment, are those of the console, with a warning', () => {
  vi.stubEnv('PUSH_SERVER', ' ');
  const warn = vi.fn();
  const logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };
  const push = made({ logger, sessions });
  expect(push.backend.name).toBe('console');
  expect(push.sessions).toBe(sessions);
  expect(warn).toHaveBeenCalledTimes(1);
});

test('settings without a backend are refused in production when the environment names none', async () => {
  vi.stubEnv('PUSH_SERVER', undefined);
  vi.stubEnv('NODE_ENV', 'production');
  const error = await failureOf(ConfigurationError, () => createPushService({ sessions }));
  expect(error.message).toMatch(/^No push backend is configured: /);
});

test('a backend within a composite may be a DSN with what it leaves open', () => {
  const child = { backend: 'console:?format=json', options: { format: 'text' } } as const;
  const { backend } = made({ backend: 'fanout', options: { backends: [child, 'console:'] } });
  expect(backend.toJSON()).toMatchObject({ options: { backends: [{ options: { format: 'text' } }, {}] } });
});

test.each<[settings: unknown, beside: unknown, message: string]>([
  [
    { backend: 'console' },
    { sessions },
    'PUSH_SERVER: a second argument goes with a DSN. Put all settings into one object.',
  ],
  [dsn, { backend: 'console' }, 'PUSH_SERVER: "backend" cannot be set beside a DSN, which names it already.'],
  [dsn, 'console:', 'PUSH_SERVER: it must be of type object, found a string.'],
  [
    { backend: 'websocket://k:open-sesame' },
    undefined,
    expect.stringMatching(/^PUSH_SERVER.backend could not be read: /),
  ],
  [`"${dsn}"`, undefined, expect.stringMatching(/^PUSH_SERVER begins with a quotation mark\. .* --env-file/)],
  [`'${dsn}'`, undefined, expect.stringMatching(/^PUSH_SERVER begins with a quotation mark\. .* --env-file/)],
])('%j with %j is refused', async (settings, beside, message) => {
  const error = await failureOf(ConfigurationError, () => createPushService(settings as string, beside as object));
  expect(error.message).toEqual(message);
  expect(everythingShown(error)).not.toContain('open-sesame');
});

test('quotation marks in the environment are named, also around the address of Pusher', async () => {
  vi.stubEnv('PUSH_SERVER', `"${dsn}"`);
  const error = await failureOf(ConfigurationError, () => createPushService({}));
  expect(error.message).toMatch(/^PUSH_SERVER begins with a quotation mark/);
  vi.stubEnv('PUSH_SERVER', undefined);
  vi.stubEnv('PUSHER_URL', `'https://key:open-sesame@api-eu.pusher.com/apps/1'`);
  const pushers = await failureOf(ConfigurationError, () => createPushService({}));
  expect(pushers.message).toMatch(/^PUSHER_URL begins with a quotation mark/);
  expect(everythingShown(pushers)).not.toContain('open-sesame');
});

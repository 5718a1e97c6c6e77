import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigurationError, PushService } from '../../src/index.js';
import { settingsFromEnvironment } from '../../src/settings/environment.js';
import { resetPushService } from '../../src/testing/index.js';
import { failureOf } from '../support/failure-of.js';

describe('the settings of an application that did not call configure', () => {
  test('are the DSN in PUSH_SERVER, in production as well', () => {
    const PUSH_SERVER = 'websocket://key:secret@app?port=6001';
    expect(settingsFromEnvironment({ PUSH_SERVER, NODE_ENV: 'production' })).toEqual({
      settings: { backend: 'websocket', pubKey: 'key', secretKey: 'secret', appId: 'app', options: { port: 6001 } },
      isFallback: false,
    });
  });

  test.each([{}, { PUSH_SERVER: '' }, { PUSH_SERVER: ' \n' }, { NODE_ENV: 'development' }])(
    'are the console backend with %j',
    (environment) => {
      expect(settingsFromEnvironment(environment)).toEqual({ settings: { backend: 'console' }, isFallback: true });
    },
  );

  test('are an error in production, saying what to do', async () => {
    const error = await failureOf(ConfigurationError, () =>
      settingsFromEnvironment({ NODE_ENV: 'production', PUSH_SERVER: ' ' }),
    );
    expect(error.message).toBe(
      'No push backend is configured: call PushService.configure({ backend: … }) at start-up, or set PUSH_SERVER in the environment, such as PUSH_SERVER="websocket://key:secret@1001?port=6001", or PUSHER_URL as Pusher gives it.',
    );
  });
});

describe('the default service', () => {
  beforeEach(async () => {
    await resetPushService();
    vi.stubEnv('PUSH_SERVER', undefined);
    vi.stubEnv('PUSHER_URL', undefined);
    vi.stubEnv('NODE_ENV', 'development');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  test('prints messages when nothing is configured, and says so in one line, once', async () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await PushService.send({ channels: 'orders', data: { id: 1 } });
    await PushService.send({ channels: 'orders', data: { id: 2 } });
    expect(PushService.backend.name).toBe('console');
    expect(warned.mock.calls).toEqual([
      [
        'pushrail: no backend is configured: messages are printed. Call PushService.configure({ backend: … }) or set PUSH_SERVER.',
      ],
    ]);
    expect(written.mock.calls).toEqual([
      ['[push] orders  push-event  {"id":1}\n'],
      ['[push] orders  push-event  {"id":2}\n'],
    ]);
    await resetPushService();
  });

  test('reads PUSH_SERVER when it is first used, and says nothing', async () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    vi.stubEnv('PUSH_SERVER', 'websocket://key:secret@app');
    expect(PushService.backend).toMatchObject({ name: 'websocket', appId: 'app', pubKey: 'key', secretKey: 'secret' });
    expect(warned).not.toHaveBeenCalled();
    await resetPushService();
  });

  test('in production without settings sends nothing, each time anew, until it is configured', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await failureOf(ConfigurationError, PushService.send({ channels: 'a', data: 1 }));
    await failureOf(ConfigurationError, PushService.send({ channels: 'a', data: 1 }));
    expect(written).not.toHaveBeenCalled();
    PushService.configure({ backend: 'console' });
    await PushService.send({ channels: 'a', data: 1 });
    expect(written).toHaveBeenCalledOnce();
    await resetPushService();
  });
});

import { describe, expect, onTestFinished, test } from 'vitest';
import { FailoverService } from '../../src/backends/composite/failover.js';
import { FanoutService } from '../../src/backends/composite/fanout.js';
import { RoundRobinService } from '../../src/backends/composite/roundrobin.js';
import { ConsoleService } from '../../src/backends/console/index.js';
import { ConfigurationError, createPushService, type PushServerSettings, type PushService } from '../../src/index.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

const websocket = { backend: 'websocket', appId: 'app', pubKey: 'key', secretKey: 'open-sesame' } as const;

function made(settings: PushServerSettings | string): PushService {
  const push = createPushService(settings);
  onTestFinished(() => push.close());
  return push;
}

async function refusal(settings: unknown): Promise<string> {
  const error = await failureOf(ConfigurationError, () => createPushService(settings as PushServerSettings));
  expect(everythingShown(error)).not.toContain('open-sesame');
  return error.message;
}

describe('PUSH_SERVER', () => {
  test.each([
    ['failover', FailoverService],
    ['roundrobin', RoundRobinService],
    ['fanout', FanoutService],
  ] as const)('makes %s of settings, DSNs and instances', (backend, Composite) => {
    const instance = new RecordingBackend();
    const push = made({
      backend,
      options: {
        resetAfterMs: 1000,
        backends: [
          websocket,
          'console:?format=json',
          instance,
          { backend: ConsoleService, options: { format: 'json' } },
          { backend: 'fanout', options: { backends: [websocket, { backend: new ConsoleService() }] } },
        ],
      },
    });
    expect(push.backend).toBeInstanceOf(Composite);
    expect(push.backend.name).toBe(`${backend}(websocket, console, recording, console, fanout(websocket, console))`);
    expect((push.backend.api as unknown[])[2]).toBe(instance);
    expect(push.backend.options).toMatchObject({ resetAfterMs: 1000 });
    expect(everythingShown(push)).not.toContain('open-sesame');
  });

  test('is the same as a DSN', async () => {
    const push = made(
      'failover(websocket://key:open-sesame@app console:?format=json)?resetAfterMs=1000&timeout=5000&concurrency=2',
    );
    expect(push.toJSON()).toEqual({
      backend: {
        backend: 'failover(websocket, console)',
        options: {
          resetAfterMs: 1000,
          backends: [
            { ...websocket, secretKey: '[secret]' },
            { backend: 'console', options: { format: 'json' } },
          ],
        },
      },
    });
  });

  const at = 'PUSH_SERVER.options.backends';

  test.each<[string, object | string, string]>([
    [
      'a wrong key of one of its backends',
      [{ ...websocket, pubkey: 'key' }, 'console:'],
      `${at}[0]: unknown key "pubkey" (did you mean "pubKey"?).`,
    ],
    [
      'settings of the service in one of its backends',
      ['console:', { ...websocket, timeout: 5 }],
      `${at}[1]: "timeout" cannot be set for one of several backends: set it once for all of them, beside the outermost "backend".`,
    ],
    [
      'a session adapter in one of its backends',
      ['console:', { ...websocket, sessions: {} }],
      `${at}[1]: "sessions" cannot be set for one of several backends: set it once for all of them, beside the outermost "backend".`,
    ],
    [
      'a DSN that cannot be read',
      ['console:', 'websocket://key:open-sesame@app@app'],
      `${at}[1] could not be read: a DSN has the form `,
    ],
    ['nothing', ['console:', undefined], `${at}[1]: it must be of type object, found nothing.`],
    [
      'a misspelt name deep within',
      ['console:', { backend: 'fanout', options: { backends: ['consle:', 'console:'] } }],
      `${at}[1].options.backends[0]: "backend" must be "console",`,
    ],
    [
      'missing credentials',
      ['console:', { backend: 'websocket', appId: 'app', secretKey: 'open-sesame' }],
      'The websocket backend needs "pubKey": set it in PUSH_SERVER beside "backend".',
    ],
    ['a single backend', ['console:'], `The failover backend's options: "backends" must name at least two backends`],
    ['a text in place of the list', 'console:', `The failover backend's options: "backends`],
  ])('is refused with %s', async (_what, backends, words) => {
    expect(await refusal({ backend: 'failover', options: { backends } })).toContain(words);
  });

  test('is refused without a list, and with a setting that it does not have', async () => {
    expect(await refusal({ backend: 'fanout' })).toContain('"backends" must be of type array, found nothing');
    expect(await refusal('failover(console: console:)?resetAfter=1')).toBe(
      `The failover backend's options: unknown key "resetAfter" (did you mean "resetAfterMs"?).`,
    );
    expect(await refusal('failover(console: console:)?useSsl=true')).toBe(
      'The failover backend takes no "useSsl" of its own: set it for each of its "backends".',
    );
    expect(await refusal('failover(fanout(console: console:)?timeout=5 console:)')).toContain(
      `${at}[0]: "timeout" cannot be set for one of several backends`,
    );
    expect(await refusal('failover(console:?__proto__=1 console:)')).toBe(
      `${at}[0]: "options" must not have the key "__proto__", found an object.`,
    );
  });
});

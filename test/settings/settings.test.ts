import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backendNames } from '../../src/backends/built-in.js';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type PushServerSettings,
  type PushService,
  PushServiceWrapper,
} from '../../src/index.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

/** The words of the error that `createPushService` throws. */
async function refusal(settings: unknown): Promise<string> {
  return (await failureOf(ConfigurationError, () => createPushService(settings as PushServerSettings))).message;
}

const backends = `"backend" must be ${backendNames.map((name) => `"${name}"`).join(', ')}, a subclass of PushServiceWrapper, an instance of one, "module#Export", or a DSN`;
const keys =
  'backend, appId, pubKey, subKey, secretKey, useSsl, options, sessions, timeout, retries, concurrency, closeTimeout, streamSecret, defaultEvent, encode, messages, queue, name, recording, worker, clock, logger';

describe('wrong settings', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'it must be of type object, found nothing'],
    ['null', null, 'it must be of type object, found null'],
    ['a number', 5, 'it must be of type object, found 5'],
    ['a list', [], 'it must be of type object, found an array'],
    ['null for a backend', { backend: null }, `${backends}, found null`],
    ['a misspelt backend', { backend: 'websockt' }, `${backends} (did you mean "websocket"?), found a string`],
    ['an unknown backend', { backend: 'carrier-pigeon' }, `${backends}, found a string`],
    ['an object property as a backend', { backend: 'constructor' }, `${backends}, found a string`],
    ['a class that is no backend', { backend: class Other {} }, `${backends}, found a function`],
    ['an object that is no backend', { backend: {} }, `${backends}, found an object`],
    ['a misspelt key', { backend: 'console', secretkey: 'x' }, 'unknown key "secretkey" (did you mean "secretKey"?)'],
    ['swapped letters', { backend: 'console', tiemout: 1 }, 'unknown key "tiemout" (did you mean "timeout"?)'],
    ['an unknown key', { backend: 'console', colour: 'red' }, `unknown key "colour" (known are ${keys})`],
    ["an SDK's name", { backend: 'pusher', key: 'a' }, 'unknown key "key" (did you mean "pubKey"?)'],
    ["an SDK's name for TLS", { backend: 'pusher', useTLS: true }, 'unknown key "useTLS" (did you mean "useSsl"?)'],
    ['an option of the backend', { backend: 'pusher', cluster: 'eu' }, 'unknown key "cluster" (put it into "options")'],
    [
      'the backends of a composite',
      { backend: 'fanout', backends: [] },
      'unknown key "backends" (put it into "options")',
    ],
    ['an empty key', { backend: 'console', appId: '' }, '"appId" must not be empty, found an empty string'],
    [
      'a credential that is a number',
      { backend: 'console', pubKey: 12345 },
      '"pubKey" must be of type string, found 12345',
    ],
    [
      'a secret that is a number',
      { backend: 'console', secretKey: 12345 },
      '"secretKey" must be of type string, found a number',
    ],
    ['useSsl as text', { backend: 'console', useSsl: 'no' }, '"useSsl" must be of type boolean, found a string'],
    ['a time with a unit', { backend: 'console', timeout: '5s' }, '"timeout" must be of type number, found a string'],
    ['half a millisecond', { backend: 'console', timeout: 0.5 }, '"timeout" must be an integer, found 0.5'],
    ['no time', { backend: 'console', timeout: 0 }, '"timeout" must be at least 1, found 0'],
    [
      'a time that timers cannot hold',
      { backend: 'console', timeout: 2 ** 31 },
      '"timeout" must be at most 2147483647, found 2147483648',
    ],
    ['fewer retries than none', { backend: 'console', retries: -1 }, '"retries" must be at least 0, found -1'],
    [
      'retries without end',
      { backend: 'console', retries: Number.POSITIVE_INFINITY },
      '"retries" must be of type number, found Infinity',
    ],
    ['no time to close', { backend: 'console', closeTimeout: 0 }, '"closeTimeout" must be at least 1, found 0'],
    ['no concurrency', { backend: 'console', concurrency: 0 }, '"concurrency" must be at least 1, found 0'],
    ['options as a list', { backend: 'console', options: [] }, '"options" must be of type object, found an array'],
    [
      'sessions that look nothing up',
      { backend: 'console', sessions: {} },
      '"sessions" must be a session adapter, such as memorySessions(), found an object',
    ],
    [
      'half a logger',
      { backend: 'console', logger: { info() {} } },
      '"logger" must have the methods debug, info, warn and error, found an object',
    ],
  ])('%s', async (_what, settings, words) => {
    expect(await refusal(settings)).toBe(`PUSH_SERVER: ${words}.`);
  });

  test('all of them are named at once', async () => {
    expect(await refusal({ backend: 'console', timeout: '5s', retries: -1, loger: 1 })).toBe(
      'PUSH_SERVER: "timeout" must be of type number, found a string; "retries" must be at least 0, found -1; unknown key "loger" (did you mean "logger"?).',
    );
  });

  test.each<[string, unknown, string]>([
    ['a misspelt option', { fromat: 'json' }, 'unknown key "fromat" (did you mean "format"?)'],
    ['an unknown format', { format: 'xml' }, '"format" must be "text" or "json", found a string'],
    ['a stream that cannot be written to', { stream: {} }, '"stream" must have a method write(text), found an object'],
  ])('%s of the console backend', async (_what, options, words) => {
    expect(await refusal({ backend: 'console', options })).toBe(`The console backend's options: ${words}.`);
  });

  test('an option "__proto__", which would be lost on its way to the backend', async () => {
    const words = 'PUSH_SERVER: "options" must not have the key "__proto__", found an object.';
    expect(await refusal('console:?__proto__=1')).toBe(words);
    expect(await refusal('console:?format=json&__proto__=1&__proto__=2')).toBe(words);
    expect(await refusal({ backend: RecordingBackend, options: JSON.parse('{ "__proto__": {} }') })).toBe(words);
  });

  test('a number in a DSN that is none', async () => {
    expect(await refusal('console:?timeout=soon')).toBe(
      'PUSH_SERVER: "timeout" must be of type number, found a string.',
    );
    expect(await refusal('console:?timeout=')).toBe(
      'PUSH_SERVER: "timeout" must be of type number, found an empty string.',
    );
    expect(await refusal('console:?useSsl=yes')).toBe('PUSH_SERVER: "useSsl" must be of type boolean, found a string.');
    expect(await refusal('webscoket://key:secret@app')).toBe(
      `PUSH_SERVER: ${backends} (did you mean "websocket"?), found a string.`,
    );
  });
});

describe('missing credentials', () => {
  class Mine extends PushServiceWrapper {
    constructor(settings: object) {
      super(settings);
      this.api = [this.appId, this.secretKey];
    }

    protected async sendData(): Promise<void> {}
  }

  test('of the websocket backend are all named', async () => {
    expect(await refusal({ backend: 'websocket', pubKey: 'key' })).toBe(
      'The websocket backend needs "appId", "secretKey": set them in PUSH_SERVER beside "backend".',
    );
  });

  test('of a custom backend are named when it reads them', async () => {
    expect(await refusal({ backend: Mine })).toBe(
      'The Mine backend needs "appId": set it in PUSH_SERVER beside "backend".',
    );
    expect(await refusal({ backend: Mine, appId: 'app' })).toBe(
      'The Mine backend needs "secretKey": set it in PUSH_SERVER beside "backend".',
    );
    expect(createPushService({ backend: Mine, appId: 'app', secretKey: 'secret' }).backend.api).toEqual([
      'app',
      'secret',
    ]);
  });
});

describe('settings that are right', () => {
  test('reach the backend; useSsl is true unless it is turned off', () => {
    const options = { anything: { goes: true } };
    class Mine extends PushServiceWrapper<undefined, typeof options> {
      protected async sendData(): Promise<void> {}
    }
    const credentials = { appId: 'a', pubKey: 'p', subKey: 's', secretKey: 'x' };
    expect(createPushService({ backend: Mine, ...credentials, options }).backend).toMatchObject({
      ...credentials,
      useSsl: true,
      options,
    });
    expect(createPushService({ backend: Mine, useSsl: false }).backend.useSsl).toBe(false);
  });

  test('keep the session adapter as it is', () => {
    const sessions = memorySessions();
    expect(createPushService({ backend: 'console', sessions }).sessions).toBe(sessions);
  });

  test('are not changed', () => {
    const settings = Object.freeze({
      backend: 'console' as const,
      options: Object.freeze({ format: 'json' as const }),
    });
    createPushService(settings);
    expect(settings).toEqual({ backend: 'console', options: { format: 'json' } });
  });
});

test('whatever the settings, they work or are refused with a ConfigurationError that shows no secret', async () => {
  const secret = 'correct-horse-battery-staple';
  const mostly = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: fc.anything() });
  const hidden = mostly(fc.constant(secret));
  const text = mostly(fc.string({ minLength: 1 }));
  const app = fc.record({ appId: text, pubKey: text, secretKey: hidden });
  const options = fc.record(
    {
      format: mostly(fc.constant('json')),
      port: mostly(fc.nat(65_535)),
      apps: fc.array(app),
      token: hidden,
      privateKey: fc.constantFrom<unknown>([secret], { secret }),
    },
    { requiredKeys: [] },
  );
  const settings = fc.record(
    {
      backend: mostly(fc.constantFrom('console', 'websocket', Custom, RecordingBackend)),
      secretKey: hidden,
      appId: text,
      pubKey: text,
      subKey: text,
      useSsl: mostly(fc.boolean()),
      options: mostly(options),
      timeout: mostly(fc.integer({ min: 1, max: 1000 })),
    },
    { requiredKeys: ['backend', 'secretKey'] },
  );
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 9, arbitrary: settings }, { weight: 1, arbitrary: fc.anything() }),
      async (given) => {
        let shown: string;
        let service: PushService | undefined;
        try {
          service = createPushService(given as PushServerSettings);
          shown = everythingShown({ service, backend: service.backend, json: service.toJSON() });
          seen.add('works');
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
          shown = everythingShown(error);
          seen.add('refused');
        }
        // One with a port listens.
        await service?.close();
        expect(shown).not.toContain(secret);
      },
    ),
    { numRuns: 1000 },
  );
  expect(seen.size).toBe(2);
});

class Custom extends PushServiceWrapper<unknown, object> {
  constructor(settings: { secretKey?: string }) {
    super(settings);
    this.api = { key: this.secretKey };
    if (this.appId.length > 5) throw new Error(`cannot use ${this.secretKey}`);
  }

  protected async sendData(): Promise<void> {}
}

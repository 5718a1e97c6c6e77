import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  loadPeer,
  type PushServerSettings,
  PushServiceWrapper,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

const fixtures = join(import.meta.dirname, '..', 'fixtures');

function refusal(backend: unknown, settings: object = {}): Promise<ConfigurationError> {
  return failureOf(ConfigurationError, () => createPushService({ backend, ...settings } as PushServerSettings));
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Resolves module names from the fixtures. */
function inFixtures(): void {
  vi.spyOn(process, 'cwd').mockReturnValue(fixtures);
}

describe('a backend that a module exports', () => {
  test.each([
    ['an object with settings', { backend: './my-service.mjs#MyService', appId: 'app' } as const],
    ['an absolute path', { backend: `${fixtures}/my-service.mjs#MyService`, appId: 'app' } as const],
  ])('is found from the working directory and sends: %s', async (_how, settings) => {
    inFixtures();
    const push = createPushService(settings);
    const received: unknown[] = [];
    push.on('messageReceived', (message) => received.push(message));
    const report = await push.send({ event: 'e', channels: ['a', 'b'], data: { id: 1 } });
    expect(report).toMatchObject({ status: 'accepted', accepted: ['a', 'b'] });
    expect(push.backend.name).toBe('MyService');
    expect(push.backend.api).toEqual({
      account: 'app',
      sent: ['a', 'b'].map((channel) => ({ channel, id: report.id, event: 'e', data: { id: 1 } })),
    });
    expect(received).toEqual(['a', 'b'].map((channel) => ({ channel, event: 'e', data: { id: 1 } })));
    await push.close();
  });

  test('is refused with its missing credentials named, as any other', async () => {
    inFixtures();
    const error = await failureOf(ConfigurationError, () => createPushService('./my-service.mjs#MyService'));
    expect(error.message).toContain('The MyService backend needs "appId": set it in PUSH_SERVER beside "backend".');
  });

  test.each([
    [
      './nowhere.mjs#MyService',
      `the module "./nowhere.mjs" was not found from ${fixtures}. A path begins with "./" or "/", as in "./my-service.js#MyService".`,
    ],
    [
      'my-service.mjs#MyService',
      `the module "my-service.mjs" was not found from ${fixtures}. A path begins with "./" or "/", as in "./my-service.js#MyService".`,
    ],
    ['./my-service.mjs#MyServce', '"./my-service.mjs" has no export "MyServce"; did you mean "MyService"?'],
    [
      './my-service.mjs#Whatever',
      '"./my-service.mjs" has no export "Whatever"; known are MyService, OtherClass, notAService.',
    ],
    ['./my-service.mjs#notAService', '"notAService" of "./my-service.mjs" is not a subclass of PushServiceWrapper.'],
    ['./my-service.mjs#OtherClass', '"OtherClass" of "./my-service.mjs" is not a subclass of PushServiceWrapper.'],
    [
      './my-service.mjs#__proto__',
      '"./my-service.mjs" has no export "__proto__"; known are MyService, OtherClass, notAService.',
    ],
    ['./exports-null.cjs#MyService', '"./exports-null.cjs" has no export "MyService".'],
    [
      './throws-on-load.mjs#MyService',
      'the module "./throws-on-load.mjs" could not be loaded: the database is not there',
    ],
    [
      './top-level-await.mjs#MyService',
      '"./top-level-await.mjs" uses top-level await, so it cannot be loaded by its name: import it and pass the class itself.',
    ],
  ])('%s: says what is wrong', async (backend, words) => {
    inFixtures();
    expect((await refusal(backend)).message).toBe(`PUSH_SERVER.backend: ${words}`);
  });

  test('whose own imports are missing says which, in one line', async () => {
    inFixtures();
    const error = await refusal('./needs-a-missing-package.mjs#MyService');
    expect(error.message).toMatch(
      /^PUSH_SERVER\.backend: the module "\.\/needs-a-missing-package\.mjs" could not be loaded: .*a-package-that-is-not-installed.*$/,
    );
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe('a class', () => {
  test('without sendData is refused', async () => {
    class Empty extends (PushServiceWrapper as unknown as new () => object) {}
    expect((await refusal(Empty)).message).toBe('The Empty backend has no method sendData(channel, message).');
    expect((await refusal(PushServiceWrapper)).message).toBe(
      'The PushServiceWrapper backend has no method sendData(channel, message).',
    );
  });

  test('whose constructor throws is refused with what it threw as the cause', async () => {
    const cause = new TypeError('Region is missing');
    class Failing extends PushServiceWrapper {
      constructor() {
        super();
        throw cause;
      }

      protected async sendData(): Promise<void> {}
    }
    const error = await refusal(Failing);
    expect(error.message).toBe('The Failing backend refused its settings: Region is missing');
    expect(error.cause).toBe(cause);
  });

  test('whose SDK is not installed says what to install', async () => {
    class Needy extends PushServiceWrapper {
      constructor() {
        super();
        this.api = loadPeer('an-sdk-that-is-not-installed', 'the needy backend');
      }

      protected async sendData(): Promise<void> {}
    }
    expect((await refusal(Needy)).message).toBe(
      'the needy backend needs the package "an-sdk-that-is-not-installed": npm install an-sdk-that-is-not-installed',
    );
  });
});

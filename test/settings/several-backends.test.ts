import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, createPushService, type PushServerSettings } from '../../src/index.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

/** Settings as a program without types may write them. */
async function refusal(settings: object): Promise<string> {
  return (await failureOf(ConfigurationError, async () => createPushService(settings as PushServerSettings))).message;
}

const sockets = { backend: 'websocket', appId: '1', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };

describe('the setting "backends"', () => {
  it('takes objects, DSNs, classes and instances, and keeps their order', async () => {
    const instance = new RecordingBackend();
    await using push = createPushService({
      backends: {
        live: sockets,
        'a.b_c-1': 'console:?format=json',
        own: RecordingBackend,
        instance,
        spare: { backend: 'failover', options: { backends: ['console:', 'console:'] } },
      },
    } as PushServerSettings);
    expect(Object.entries(push.backends).map(([name, backend]) => [name, backend.name])).toEqual([
      ['live', 'websocket'],
      ['a.b_c-1', 'console'],
      ['own', 'recording'],
      ['instance', 'recording'],
      ['spare', 'failover(console, console)'],
    ]);
    expect(push.backend).toBe(push.backends['live']);
  });

  it('lets each have sessions of its own, and the others those of the service', async () => {
    const [outer, own] = [memorySessions(), memorySessions()];
    await using push = createPushService({
      backends: { a: new RecordingBackend(), b: { backend: new RecordingBackend(), sessions: own } },
      sessions: outer,
    });
    await outer.add('ann', 'outer-ann');
    await own.add('ann', 'own-ann');
    const { channels } = await push.send({ event: 'e', users: 'ann', via: ['a', 'b'] });
    expect(channels).toEqual(['outer-ann', 'own-ann']);
  });

  it('shows all of them without secrets', async () => {
    await using push = createPushService({ backends: { live: sockets, log: 'console:' } } as PushServerSettings);
    const shown = inspect(push, { depth: null }) + JSON.stringify(push);
    expect(shown).toContain('shop-key');
    expect(shown).toContain('log');
    expect(shown).not.toContain('keep-this-to-yourself');
  });

  const one = new RecordingBackend();

  it.each([
    [
      { backend: 'console', backends: { a: 'console:' } },
      'PUSH_SERVER: "backend" and "backends" exclude each other: name one backend, or several.',
    ],
    [
      { backends: {} },
      'PUSH_SERVER: "backends" must be an object of one or more backends, each by its name: { live: { backend: "websocket", … } }, found an object.',
    ],
    [
      { backends: ['console:'] },
      'PUSH_SERVER: "backends" must be an object of one or more backends, each by its name: { live: { backend: "websocket", … } }, found an array.',
    ],
    [
      { backends: { 'a b': 'console:' } },
      'PUSH_SERVER.backends: the name "a b" must have 1 to 64 characters, each a letter, a digit, "_", "-" or ".".',
    ],
    [
      { backends: { live: 'console:', '0': 'console:' } },
      'PUSH_SERVER.backends: the name "0" must have more than digits, because JavaScript puts such a key before all others, and the first backend is the one of messages that choose none.',
    ],
    [
      { backends: { a: { backend: 'console', timeout: 5 } } },
      'PUSH_SERVER.backends.a: "timeout" cannot be set for one of several backends: set it once for all of them, beside "backends".',
    ],
    [
      { backends: { a: 'console:?retries=5' } },
      'PUSH_SERVER.backends.a: "retries" cannot be set for one of several backends: set it once for all of them, beside "backends".',
    ],
    [
      { backends: { a: { backend: 'console', optoins: {} } } },
      'PUSH_SERVER.backends.a: unknown key "optoins" (did you mean "options"?).',
    ],
    [
      { backends: { a: 'console:' }, secretKey: 's' },
      'PUSH_SERVER: unknown key "secretKey" (put it into the settings of the backend that it is for).',
    ],
    [
      { backends: { a: 'console:' }, routes: 'a' },
      'PUSH_SERVER: "routes" must be a function (user, message) that returns the name of a backend, or a list of names, found a string.',
    ],
    [{ backends: { a: one, b: one } }, 'PUSH_SERVER.backends: "a" and "b" are the same instance: make one for each.'],
    [{ backend: 'console', routes: () => 'a' }, 'PUSH_SERVER: unknown key "routes" (it goes with "backends").'],
  ])('refuses %j', async (settings, words) => {
    expect(await refusal(settings)).toBe(words);
  });

  it('leaves no instance taken when another one is in use', async () => {
    const [free, taken] = [new RecordingBackend(), new RecordingBackend()];
    await using _other = createPushService({ backend: taken });
    expect(await refusal({ backends: { free, taken } })).toContain('is in use by another push service');
    await using push = createPushService({ backend: free });
    expect(push.backend).toBe(free);
  });
});

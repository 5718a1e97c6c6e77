import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPushService, PushError, type SendOptions, userChannels, ValidationError } from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';

const limits = {
  maxChannelsPerRequest: 3,
  maxPayloadBytes: 200,
  channelName: { pattern: /^[A-Za-z0-9_\-=@,.;]+$/, maxLength: 20, allowed: 'letters' },
  eventName: { pattern: /^\P{Cc}+$/u, maxLength: 20, allowed: 'anything but control characters' },
};

/** Sends, and holds what the backend got against what was given: all of it, or a PushError and nothing. */
async function sendsAllOrNothing(options: SendOptions): Promise<'sent' | 'refused'> {
  const backend = new RecordingBackend(limits);
  const push = createPushService({ backend, sessions: userChannels({ prefix: 'u-' }) });
  try {
    const report = await push.send(options);
    expect(backend.requests.flatMap(({ channels }) => channels)).toEqual(report.accepted);
    // Users whose channel cannot be are told, and stop nobody else's message.
    for (const { error } of report.rejected) expect(error).toBeInstanceOf(ValidationError);
    expect([...report.accepted, ...report.rejected.map(({ channel }) => channel)]).toEqual(report.channels);
    if (options.users === undefined) expect(report.rejected).toEqual([]);
    if (typeof options.channels === 'string') expect(report.channels).toEqual([options.channels]);
    else if (options.channels !== undefined) expect(report.channels).toEqual([...new Set(options.channels)]);
    for (const { message } of backend.requests) {
      expect(message.event).toBe(options.event ?? 'push-event');
      const json = JSON.stringify(options.data ?? (options.data === undefined ? {} : null));
      expect(message.data).toEqual(JSON.parse(json));
      if (options.notification === undefined) expect(message.payload).toBe(json);
    }
    return 'sent';
  } catch (error) {
    if (!(error instanceof PushError)) throw error;
    expect(backend.requests).toEqual([]);
    expect(error.message).toMatch(/[.?]$/);
    expect(error.message).not.toMatch(/[.?]{2}$|\[object/);
    return 'refused';
  }
}

const name = fc.oneof(
  fc.string({ maxLength: 22 }),
  fc.string({ unit: 'binary', maxLength: 22 }),
  fc.stringMatching(/^[A-Za-z0-9_\-=@,.;]{1,22}$/),
);

test('whatever the names, a message is sent as it was given or not at all', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.option(name, { nil: undefined }),
      fc.oneof(name, fc.array(name, { maxLength: 8 })),
      async (event, channels) => {
        seen.add(await sendsAllOrNothing({ event, channels, data: { id: 1 } }));
      },
    ),
    { numRuns: 500 },
  );
  expect([...seen].sort()).toEqual(['refused', 'sent']);
});

test('whatever the data, a message is sent as it was given or not at all', async () => {
  const seen = new Set<string>();
  const data = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary', maxLength: 120 }),
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
  );
  await fc.assert(
    fc.asyncProperty(data, fc.boolean(), async (value, hasNotification) => {
      seen.add(
        await sendsAllOrNothing({
          channels: ['a', 'b'],
          data: value,
          notification: hasNotification ? { title: 'Hi' } : undefined,
        }),
      );
    }),
    { numRuns: 1000 },
  );
  expect([...seen].sort()).toEqual(['refused', 'sent']);
});

test('whatever the users, a message is sent to all who can have a channel, or not at all', async () => {
  const user = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.bigInt().map(String),
    fc.record({ id: fc.oneof(fc.string(), fc.integer()) }),
    fc.anything(),
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(user, fc.array(user, { maxLength: 5 })), async (users) => {
      await sendsAllOrNothing({ users: users as string, data: 1 });
    }),
    { numRuns: 500 },
  );
});

test('whatever the options, a message is sent or refused with a PushError', async () => {
  const anything = fc.anything({ withBigInt: true, withNullPrototype: true });
  const options = fc.oneof(
    anything,
    fc.record(
      {
        event: anything,
        channels: anything,
        users: anything,
        data: anything,
        notification: anything,
        except: anything,
        signal: anything,
        timeout: anything,
        backendOptions: anything,
      },
      { requiredKeys: [] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(options, async (value) => {
      const backend = new RecordingBackend();
      const push = createPushService({ backend });
      try {
        await push.send(value as SendOptions);
      } catch (error) {
        expect(error).toBeInstanceOf(PushError);
        expect(backend.requests).toEqual([]);
      }
    }),
    { numRuns: 1000 },
  );
});

import Pusher from 'pusher';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DeliveryOutcome } from '../../src/core/errors.js';
import { DeliveryError } from '../../src/core/report.js';
import { createPushService, type PushError } from '../../src/index.js';
import { LocalOverview } from '../../src/server/app-overview.js';
import { AppPublisher } from '../../src/server/app-publisher.js';
import { failureOf } from '../support/failure-of.js';
import { remoteOf } from './support/remote.js';
import { credentials, portOf, record, startServer } from './support/server.js';
import { call, event, events } from './support/signed-call.js';

// The state of an application, and what becomes of its events, may have to be asked of others.

afterEach(() => {
  vi.restoreAllMocks();
});

function failure(outcome: DeliveryOutcome): DeliveryError {
  return new DeliveryError(`The events are ${outcome}.`, { outcome, retryable: true });
}

/** Makes publishing to channels end as the test says: in their order, and then as the last one. */
function publishingEnds(...ends: readonly (DeliveryOutcome | 'accepted' | 'local')[]): void {
  let channels = 0;
  vi.spyOn(AppPublisher.prototype, 'publish').mockImplementation(async (names) => {
    await Promise.resolve();
    const ended = names.map((channel) => ({ channel, end: ends[channels++] ?? ends.at(-1) }));
    return {
      failures: ended.flatMap(({ channel, end }) =>
        end === 'rejected' || end === 'unknown' ? [{ channel, error: failure(end) }] : [],
      ),
      local: ended.flatMap(({ channel, end }) => (end === 'local' ? [channel] : [])),
    };
  });
}

describe('an event that is not published', () => {
  it.each<[DeliveryOutcome, number]>([
    ['rejected', 503],
    ['unknown', 504],
  ])('and is %s is answered with %i, which tells other processes the same', async (outcome, status) => {
    const service = await startServer();
    publishingEnds(outcome);
    const words = `The events are ${outcome}.`;
    expect(await call(service, { ...events, body: event })).toMatchObject({ status, text: words });

    const sdk = new Pusher({
      ...credentials,
      key: 'key',
      secret: credentials.secretKey,
      host: '127.0.0.1',
      port: String(portOf(service)),
      useTLS: false,
    });
    await expect(sdk.trigger('a', 'x', {})).rejects.toMatchObject({ status, body: words });

    const push = createPushService({ backend: remoteOf(service), retries: 0 });
    const error = await failureOf(DeliveryError, push.send({ event: 'x', channels: ['a', 'b'], data: {} }));
    expect([error.outcome, error.report?.rejected.map((each) => (each.error as DeliveryError).outcome)]).toEqual([
      outcome,
      [outcome, outcome],
    ]);
    expect(error.report?.rejected[0]?.error.message).toContain(words);
  });

  it('makes send fail with the same outcome, once it is known', async () => {
    for (const outcome of ['rejected', 'unknown'] as const) {
      const service = await startServer();
      publishingEnds(outcome);
      const push = createPushService({ backend: service, retries: 0 });
      const error = await failureOf(DeliveryError, push.send({ event: 'x', channels: ['a', 'b'], data: {} }));
      expect([error.outcome, error.report?.rejected.map(({ channel }) => channel)]).toEqual([outcome, ['a', 'b']]);
    }
  });

  it('makes send try again, and be accepted when it works', async () => {
    const service = await startServer();
    publishingEnds('rejected', 'accepted');
    const push = createPushService({ backend: service, retries: 1 });
    const report = await push.send({ event: 'x', channels: 'a', data: {} });
    expect([report.status, report.attempts]).toEqual(['accepted', 2]);
  });

  it('fails for the channels that it did not reach alone', async () => {
    const service = await startServer();
    publishingEnds('accepted', 'rejected', 'accepted', 'unknown');
    const push = createPushService({ backend: service, retries: 0 });
    const report = await push.send({ event: 'x', channels: ['a', 'b', 'c', 'd'], data: {} });
    expect([report.status, report.accepted]).toEqual(['partial', ['a', 'c']]);
    expect(report.rejected.map(({ channel, error }) => [channel, (error as DeliveryError).outcome])).toEqual([
      ['b', 'rejected'],
      ['d', 'unknown'],
    ]);
  });

  it('is told of in the report where this node alone has it', async () => {
    const service = await startServer();
    publishingEnds('accepted', 'local');
    const push = createPushService({ backend: service, retries: 0 });
    const report = await push.send({ event: 'x', channels: ['a', 'b'], data: {} });
    expect([report.status, report.info]).toEqual(['accepted', { b: { relay: 'local' } }]);
    const [first] = await push.sendMany([
      { event: 'x', channels: 'c', data: 1 },
      { event: 'x', channels: 'd', data: 2 },
    ]);
    expect(first?.info).toEqual({ c: { relay: 'local' } });
  });

  it('fails alone where different messages are sent together', async () => {
    const service = await startServer();
    publishingEnds('accepted', 'rejected', 'unknown');
    const push = createPushService({ backend: service, retries: 0 });
    const reports = await push.sendMany(
      ['a', 'b', 'c'].map((channels) => ({ event: 'x', channels, data: { channels } })),
    );
    expect(reports.map(({ accepted }) => accepted)).toEqual([['a'], [], []]);
    expect(reports.map(({ rejected }) => rejected.map(({ error }) => (error as DeliveryError).outcome))).toEqual([
      [],
      ['rejected'],
      ['unknown'],
    ]);
  });
});

describe('a batch of the HTTP API', () => {
  const body = { batch: ['a', 'b'].map((channel) => ({ name: 'x', channel, data: '{}' })) };
  const batch = { method: 'POST', path: '/apps/app/batch_events', body };

  it.each<[string, readonly (DeliveryOutcome | 'accepted')[], number, RegExp]>([
    ['none of whose events is published is rejected', ['rejected', 'rejected'], 503, /are rejected/],
    [
      'some of whose events are not published is unknown',
      ['accepted', 'rejected'],
      504,
      /Of 2 channels, 1 did not get their event: The events are rejected/,
    ],
    ['with an event of which nobody knows is unknown', ['rejected', 'unknown'], 504, /are unknown/],
    ['with such an event beside one that is published is unknown', ['unknown', 'accepted'], 504, /are unknown/],
  ])('%s', async (_what, ends, status, words) => {
    const service = await startServer();
    publishingEnds(...ends);
    expect(await call(service, batch)).toMatchObject({ status, text: expect.stringMatching(words) });
  });

  it('that fails in another way is answered with 500, and logged', async () => {
    const service = await startServer();
    const { logged } = record(service);
    const error = new Error('a bug');
    vi.spyOn(AppPublisher.prototype, 'publish').mockRejectedValue(error);
    expect(await call(service, batch)).toMatchObject({ status: 500, text: 'The server failed.' });
    expect(logged).toEqual([expect.objectContaining({ level: 'error', details: { err: error } })]);
  });

  it('has the attributes of all its channels from one question', async () => {
    const service = await startServer();
    const figures = vi.spyOn(LocalOverview.prototype, 'figures');
    const infos = [{ info: 'subscription_count' }, {}];
    const asked = { batch: body.batch.map((each, index) => ({ ...each, ...infos[index] })) };
    expect((await call(service, { ...batch, body: asked })).json).toEqual({ batch: [{ subscription_count: 0 }, {}] });
    expect(figures.mock.calls).toEqual([[['a', 'b']]]);
  });
});

describe('the state of an application', () => {
  const figures = { isOccupied: true, subscriptions: 2, users: 1 };

  it('is that of all pages of the list of channels, each channel once', async () => {
    const service = await startServer();
    vi.spyOn(LocalOverview.prototype, 'channels').mockImplementation(async function* (prefix) {
      yield [{ ...figures, name: `${prefix}a` }];
      yield [];
      yield [
        { ...figures, name: `${prefix}a` },
        { ...figures, name: `${prefix}b` },
      ];
    });
    const parameters = { filter_by_prefix: 'presence-', info: 'user_count,subscription_count' };
    const attributes = { user_count: 1, subscription_count: 2 };
    expect((await call(service, { path: '/apps/app/channels', parameters })).json).toEqual({
      channels: { 'presence-a': attributes, 'presence-b': attributes },
    });
    expect(await service.api.channels()).toEqual(['a', 'b']);
  });

  it('that cannot be told is an error that says so, to whoever asks', async () => {
    const service = await startServer();
    const error = failure('rejected');
    for (const method of ['connections', 'figures', 'users', 'cached'] as const)
      vi.spyOn(LocalOverview.prototype, method).mockRejectedValue(error);
    // biome-ignore lint/correctness/useYield: it fails before its first page
    vi.spyOn(LocalOverview.prototype, 'channels').mockImplementation(async function* () {
      throw error;
    });
    const paths = ['connections', 'channels', 'channels/a', 'channels/presence-a/users', 'channels/cache-a?info=cache'];
    for (const path of paths) {
      const [below = '', query] = path.split('?');
      const parameters = Object.fromEntries(new URLSearchParams(query));
      expect(await call(service, { path: `/apps/app/${below}`, parameters })).toMatchObject({
        status: 503,
        text: error.message,
      });
    }
    const questions: readonly Promise<unknown>[] = [
      service.api.connections(),
      service.api.channels(),
      service.channelInfo('a'),
      service.channelUsers('presence-a'),
      service.get('/channels'),
    ];
    for (const question of questions) await expect(question).rejects.toBe(error satisfies PushError);
  });

  it('tells the connections of this process at once', async () => {
    const service = await startServer();
    expect([service.api.localConnections, await service.api.connections()]).toEqual([0, 0]);
  });
});

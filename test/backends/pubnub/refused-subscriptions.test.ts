import { describe, expect, it, onTestFinished } from 'vitest';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { AbortError, AuthenticationError, DeliveryError, TimeoutError, ValidationError } from '../../../src/index.js';
import { answering, resetBeforeAnswer, stalledHeaders } from '../../providers/faults.js';
import { startPubNubProvider } from '../../providers/pubnub-provider.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { eventually } from './support/eventually.js';
import { spoiling } from './support/faults-by-path.js';
import { sdkVersions } from './support/sdk-versions.js';
import { setUp } from './support/setup.js';

const forbidden = answering({ status: 403, body: { status: 403, error: true, message: 'Forbidden' } });

describe.each(sdkVersions)('a subscription that version $version of the SDK does not get', ({ PubNub }) => {
  it('says when access is refused, and the other channels go on', async () => {
    const { provider, push, heard } = await setUp({ PubNub, authKey: 'auth-key-0123456789' });
    provider.forbidden.add('secret');
    const first = await failureOf(AuthenticationError, push.subscribe('secret'));
    expect(first.message).toMatch(/403: Forbidden/);
    await push.subscribe('orders');
    const failures = [failureOf(AuthenticationError, push.subscribe('secret')), push.subscribe('audit')];
    await Promise.all(failures);
    expect(everythingShown(first)).not.toMatch(/auth-key|signature=(?!\[)/);
    provider.publish('orders', 1);
    provider.publish('audit', 2);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('says when access to a channel group is refused, and the others go on', async () => {
    const { provider, push, backend, heard } = await setUp({ PubNub });
    provider.groups.set('shops', ['shop.eu']);
    provider.forbidden.add('team');
    await Promise.all([push.subscribe('orders'), backend.subscribeGroup('shops')]);
    const refusals = [failureOf(AuthenticationError, backend.subscribeGroup('team')), push.subscribe('audit')];
    await Promise.all(refusals);
    for (const channel of ['orders', 'shop.eu', 'audit']) provider.publish(channel, channel);
    await eventually(() => heard.map(({ data }) => data)).toEqual(['orders', 'shop.eu', 'audit']);
  });

  it('ends the one channel group whose access is taken away', async () => {
    const { provider, push, backend, heard, logger } = await setUp({ PubNub });
    await Promise.all([push.subscribe('orders'), backend.subscribeGroup('team')]);
    provider.forbidden.add('team');
    provider.publish('orders', 1);
    await eventually(() => logger.entries).toMatchObject([{ level: 'error', details: { name: 'team' } }]);
    provider.publish('orders', 2);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('says when the answer has status 200 and the refusal in its body', async () => {
    const { provider, push } = await setUp({ PubNub });
    const body = { status: 403, error: true, service: 'Access Manager', message: 'Forbidden' };
    provider.server.always = spoiling('/v2/subscribe/', answering({ body }), 1);
    const failure = await failureOf(AuthenticationError, push.subscribe('secret'));
    expect(failure).toMatchObject({ status: 403, message: 'PubNub answered 403: Forbidden' });
  });

  it('refuses what waits when a refusal names no channel', async () => {
    const { provider, push, heard } = await setUp({ PubNub });
    await push.subscribe('orders');
    provider.server.always = spoiling('/v2/subscribe/', forbidden, 1);
    await failureOf(AuthenticationError, push.subscribe('secret'));
    provider.publish('orders', 1);
    await eventually(() => heard).toHaveLength(1);
  });

  it('ends and logs a subscription whose access is taken away', async () => {
    const { provider, push, heard, logger } = await setUp({ PubNub });
    await Promise.all([push.subscribe('orders'), push.subscribe('audit')]);
    provider.forbidden.add('orders');
    provider.publish('audit', 1);
    await eventually(() => logger.entries).toMatchObject([{ level: 'error', details: { name: 'orders' } }]);
    provider.publish('audit', 2);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2]);
  });

  it.each([
    ['does not answer', stalledHeaders, /within 150 ms\.$/],
    ['is cut off', resetBeforeAnswer, /within 150 ms: The connection to PubNub/],
    ['answers nonsense', answering({ status: 500, body: 'x' }), /within 150 ms: PubNub answered 500/],
  ])('gives up in time when the service %s', async (_what, fault, says) => {
    const { provider, push, logger } = await setUp({
      PubNub,
      subscribeTimeoutMs: 150,
      requestTimeoutMs: 100,
      authKey: 'auth-key-0123456789',
    });
    provider.server.always = fault;
    const failure = await failureOf(TimeoutError, push.subscribe('orders'));
    expect(failure.message).toMatch(says);
    const shown = everythingShown(failure) + everythingShown(logger.entries);
    expect(shown).not.toMatch(/auth-key|sec-c-|signature=(?!\[)/);
    const requests = provider.server.requests.filter(({ path }) => path.startsWith('/v2/subscribe/')).length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(provider.server.requests.filter(({ path }) => path.startsWith('/v2/subscribe/'))).toHaveLength(requests);
    provider.server.always = undefined;
    await push.subscribe('orders');
  });

  it('ends what waits when it is unsubscribed or closed', async () => {
    const { provider, backend } = await setUp({ PubNub, requestTimeoutMs: 100 });
    provider.server.always = stalledHeaders;
    const first = failureOf(AbortError, backend.subscribe('orders'));
    await eventually(() => provider.server.requests.length).toBeGreaterThan(0);
    await backend.unsubscribe('orders');
    await first;
    const second = failureOf(AbortError, backend.subscribe('orders'));
    await backend.unsubscribe('unknown');
    await backend.close();
    await second;
  });
});

it.each(['a.b.c.*', 'a.b.c.d.*', 'a..b.*'])(
  'refuses the wildcard %s itself: PubNub takes two periods before the star',
  async (name) => {
    const { provider, push } = await setUp({});
    const failure = await failureOf(ValidationError, push.subscribe(name));
    expect(failure.message).toContain('one or two periods before the star');
    expect(provider.server.requests).toEqual([]);
  },
);

it('takes the wildcards a.* and a.b.*, and channels with more periods', async () => {
  const { push } = await setUp({});
  await Promise.all(['a.*', 'a.b.*', 'a.b.c.d.e'].map((name) => push.subscribe(name)));
});

it('says so when a subscribe key is wrong', async () => {
  const provider = await startPubNubProvider();
  onTestFinished(() => provider.close());
  const backend = new PubNubService({ ...provider.settings, subKey: 'sub-c-wrong' });
  onTestFinished(() => backend.close());
  const failure = await failureOf(DeliveryError, backend.subscribe('orders'));
  expect(failure.message).toMatch(/400: Invalid Subscribe Key/);
});

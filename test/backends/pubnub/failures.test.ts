import { describe, expect, it, onTestFinished } from 'vitest';
import { AuthenticationError, DeliveryError, RateLimitError } from '../../../src/index.js';
import { type FailureCase, inDoubt, notNow, refused } from '../../providers/failure-case.js';
import * as faults from '../../providers/faults.js';
import { startPubNubProvider } from '../../providers/pubnub-provider.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { freePort } from '../../support/ports.js';
import { sdkVersions } from './support/sdk-versions.js';
import { connect, setUp } from './support/setup.js';

const message = { event: 'order.shipped', channels: 'orders', data: { orderId: 42 } };

const cases: readonly FailureCase<RegExp>[] = [
  notNow('429', faults.tooManyRequests(), /429: Too Many Requests/, { status: 429, cause: RateLimitError }),
  inDoubt('500', faults.answering({ status: 500, body: { message: 'broken' } }), /500: broken/, { status: 500 }),
  inDoubt('502 without a content type', faults.badGateway, /502: an answer that the SDK cannot read$/, { status: 502 }),
  notNow('503', faults.answering({ status: 503, body: {} }), /503/, { status: 503 }),
  refused('400', faults.answering({ status: 400, body: [0, 'Invalid Key', '1'] }), /400: Invalid Key/, { status: 400 }),
  refused(
    '400 for its size',
    faults.answering({ status: 400, body: [0, 'Message Too Large', '15635079026391944'] }),
    /400: Message Too Large/,
    { status: 400 },
  ),
  refused(
    '400 for the subscribe key',
    faults.answering({
      status: 400,
      body: { message: 'Invalid Subscribe Key', error: true, service: 'Access Manager', status: 400 },
    }),
    /400: Invalid Subscribe Key/,
    { status: 400 },
  ),
  notNow(
    '200 with the status 503 in the body',
    faults.answering({ body: { status: 503, error: true, message: 'Service Unavailable' } }),
    /503: Service Unavailable/,
    { status: 503 },
  ),
  refused('413', faults.answering({ status: 413, body: [0, 'Message Too Large', '1'] }), /413: Message Too Large/, {
    status: 413,
  }),
  refused(
    '403',
    faults.answering({
      status: 403,
      body: { status: 403, error: true, service: 'Access Manager', message: 'Forbidden' },
    }),
    /403: Forbidden/,
    { status: 403, cause: AuthenticationError },
  ),
  refused(
    '200 with a refusal',
    faults.answering({ body: [0, 'Message Too Large', '17000000000000001'] }),
    /refused the message: Message Too Large/,
    { status: 200 },
  ),
  { ...inDoubt('200 with wrong JSON', faults.wrongJson, /"origin"/, { status: 200 }), retryable: false },
  {
    ...inDoubt('200 with another JSON', faults.answering({ body: {} }), /"origin"/, { status: 200 }),
    retryable: false,
  },
  inDoubt('a reset before the answer', faults.resetBeforeAnswer, /connection to PubNub at .* (was lost|failed)/),
  inDoubt('a reset in the body', faults.resetInBody, /connection to PubNub at .* (was lost|failed)/),
  refused(
    'a redirect elsewhere',
    faults.redirectTo('https://elsewhere.invalid/'),
    /redirected the request to https:\/\/elsewhere\.invalid/,
  ),
];

describe.each(sdkVersions)('a failure of version $version of the SDK', ({ PubNub }) => {
  const options = { PubNub, authKey: 'auth-key-0123456789', token: 'token-0123456789', cipherKey: 'cipher-key-0123' };

  it.each(cases)(
    'tells what $what means, and shows no secret',
    async ({ fault, cause, words, outcome, retryable, status }) => {
      const { provider, push, logger } = await setUp(options);
      provider.server.faults.push(fault);
      const failure = await failureOf(DeliveryError, push.send(message));
      const [rejected] = failure.report?.rejected ?? [];
      expect(rejected?.error).toBeInstanceOf(cause);
      expect(rejected?.error.message).toMatch(words);
      expect(failure.outcome).toBe(outcome);
      expect(failure.retryable).toBe(retryable);
      if (status !== undefined) expect(failure.status).toBe(status);
      const [request] = provider.server.requests;
      const secrets = [...provider.secrets, ...Object.values(options).slice(1), request?.query.get('signature')];
      const shown = everythingShown(failure) + everythingShown(failure.report) + everythingShown(logger.entries);
      for (const secret of secrets) expect(shown).not.toContain(secret);
      expect(shown).not.toMatch(/signature=(?!\[secret\])/);
    },
  );

  it('tries again with the same id, and not after a refusal of access', async () => {
    const { provider, push } = await setUp({ PubNub }, { retries: 1 });
    provider.server.faults.push(faults.badGateway);
    const report = await push.send(message);
    expect(report.attempts).toBe(2);
    // The first one was accepted too: its answer got lost.
    expect(provider.received.map(({ id }) => id)).toEqual([report.id, report.id]);
    provider.forbidden.add('orders');
    const requests = provider.server.requests.length;
    await failureOf(DeliveryError, push.send(message));
    expect(provider.server.requests.length).toBe(requests + 1);
  });

  it('takes over how long the service asks to wait', async () => {
    const { provider, push } = await setUp({ PubNub });
    provider.server.faults.push(faults.tooManyRequests('7'));
    const failure = await failureOf(DeliveryError, push.send(message));
    expect(failure.cause).toMatchObject({ retryAfter: 7000 });
  });

  it('tells a service that was never reached', async () => {
    const port = await freePort();
    const provider = await startPubNubProvider();
    onTestFinished(() => provider.close());
    const { push } = connect(provider, { PubNub, origin: `127.0.0.1:${port}` });
    const failure = await failureOf(DeliveryError, push.send(message));
    expect(failure.message).toMatch(/cannot be reached: ECONNREFUSED/);
    expect(failure).toMatchObject({ outcome: 'rejected', retryable: true });
  });

  it.each([307, 302])('does not follow a redirect of %d with the message, wherever it leads', async (status) => {
    const { provider, push } = await setUp({ PubNub });
    const elsewhere = await startPubNubProvider();
    onTestFinished(() => elsewhere.close());
    const path = '/publish/pub-c-local/sub-c-local/0/orders/0/%22x%22';
    for (const location of [elsewhere.server.origin + path, path]) {
      provider.server.faults.push(faults.answering({ status, headers: { location } }));
      const failure = await failureOf(DeliveryError, push.send(message));
      expect(failure).toMatchObject({ outcome: 'rejected', retryable: false });
      expect(failure.message).toContain(new URL(location, provider.server.origin).origin);
    }
    expect(elsewhere.server.requests).toEqual([]);
    expect(provider.server.requests).toHaveLength(2);
  });

  it("does not accept a certificate that is no one's", async () => {
    const provider = await startPubNubProvider({ tls: true });
    onTestFinished(() => provider.close());
    const { push } = connect(provider, { PubNub });
    const failure = await failureOf(DeliveryError, push.send(message));
    expect(failure.message).toMatch(/is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    expect(failure).toMatchObject({ outcome: 'rejected', retryable: false });
  });
});

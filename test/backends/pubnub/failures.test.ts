import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AuthenticationError, DeliveryError, type PushError, RateLimitError } from '../../../src/index.js';
import {
  answering,
  badGateway,
  type Fault,
  redirectTo,
  resetBeforeAnswer,
  resetInBody,
  tooManyRequests,
  wrongJson,
} from '../../providers/faults.js';
import { startPubNubProvider } from '../../providers/pubnub-provider.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { sdkVersions } from './support/sdk-versions.js';
import { connect, setUp } from './support/setup.js';

const message = { event: 'order.shipped', channels: 'orders', data: { orderId: 42 } };

interface Expected {
  readonly fault: string;
  readonly make: Fault;
  readonly error: new (...parameters: never[]) => PushError;
  readonly says: RegExp;
  readonly outcome: 'rejected' | 'unknown';
  readonly retryable: boolean;
  readonly status?: number;
}

const expected: readonly Expected[] = [
  {
    fault: '429',
    make: tooManyRequests(),
    error: RateLimitError,
    says: /429: Too Many Requests/,
    outcome: 'rejected',
    retryable: true,
    status: 429,
  },
  {
    fault: '500',
    make: answering({ status: 500, body: { message: 'broken' } }),
    error: DeliveryError,
    says: /500: broken/,
    outcome: 'unknown',
    retryable: true,
    status: 500,
  },
  {
    fault: '502 without a content type',
    make: badGateway,
    error: DeliveryError,
    says: /502/,
    outcome: 'unknown',
    retryable: true,
    status: 502,
  },
  {
    fault: '503',
    make: answering({ status: 503, body: {} }),
    error: DeliveryError,
    says: /503/,
    outcome: 'rejected',
    retryable: true,
    status: 503,
  },
  {
    fault: '400',
    make: answering({ status: 400, body: [0, 'Invalid Key', '1'] }),
    error: DeliveryError,
    says: /400: Invalid Key/,
    outcome: 'rejected',
    retryable: false,
    status: 400,
  },
  {
    fault: '413',
    make: answering({ status: 413, body: [0, 'Message Too Large', '1'] }),
    error: DeliveryError,
    says: /413: Message Too Large/,
    outcome: 'rejected',
    retryable: false,
    status: 413,
  },
  {
    fault: '403',
    make: answering({
      status: 403,
      body: { status: 403, error: true, service: 'Access Manager', message: 'Forbidden' },
    }),
    error: AuthenticationError,
    says: /403: Forbidden/,
    outcome: 'rejected',
    retryable: false,
    status: 403,
  },
  {
    fault: '200 with a refusal',
    make: answering({ body: [0, 'Message Too Large', '17000000000000001'] }),
    error: DeliveryError,
    says: /refused the message: Message Too Large/,
    outcome: 'rejected',
    retryable: false,
    status: 200,
  },
  {
    fault: '200 with wrong JSON',
    make: wrongJson,
    error: DeliveryError,
    says: /"origin"/,
    outcome: 'unknown',
    retryable: false,
    status: 200,
  },
  {
    fault: '200 with another JSON',
    make: answering({ body: {} }),
    error: DeliveryError,
    says: /"origin"/,
    outcome: 'unknown',
    retryable: false,
    status: 200,
  },
  {
    fault: 'a reset before the answer',
    make: resetBeforeAnswer,
    error: DeliveryError,
    says: /connection to PubNub at .* (was lost|failed)/,
    outcome: 'unknown',
    retryable: true,
  },
  {
    fault: 'a reset in the body',
    make: resetInBody,
    error: DeliveryError,
    says: /connection to PubNub at .* (was lost|failed)/,
    outcome: 'unknown',
    retryable: true,
  },
  {
    fault: 'a redirect elsewhere',
    make: redirectTo('https://elsewhere.invalid/'),
    error: DeliveryError,
    says: /redirected the request to https:\/\/elsewhere\.invalid/,
    outcome: 'rejected',
    retryable: false,
  },
];

describe.each(sdkVersions)('a failure of version $version of the SDK', ({ PubNub }) => {
  const options = { PubNub, authKey: 'auth-key-0123456789', token: 'token-0123456789', cipherKey: 'cipher-key-0123' };

  it.each(expected)(
    'tells what $fault means, and shows no secret',
    async ({ make, error, says, outcome, retryable, status }) => {
      const { provider, push, logger } = await setUp(options);
      provider.server.faults.push(make);
      const failure = await failureOf(DeliveryError, push.send(message));
      const [rejected] = failure.report?.rejected ?? [];
      expect(rejected?.error).toBeInstanceOf(error);
      expect(rejected?.error.message).toMatch(says);
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
    provider.server.faults.push(badGateway);
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
    provider.server.faults.push(tooManyRequests('7'));
    const failure = await failureOf(DeliveryError, push.send(message));
    expect(failure.cause).toMatchObject({ retryAfter: 7000 });
  });

  it('tells a service that was never reached', async () => {
    const closed = createServer().listen(0);
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
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
      provider.server.faults.push(answering({ status, headers: { location } }));
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

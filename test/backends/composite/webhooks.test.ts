import { describe, expect, it, onTestFinished } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import { fanout } from '../../../src/backends/composite/fanout.js';
import { roundrobin } from '../../../src/backends/composite/roundrobin.js';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { WebSocketService } from '../../../src/backends/websocket/index.js';
import {
  type AnyBackend,
  AuthenticationError,
  createPushService,
  type IncomingMessage,
  type PushService,
  UnsupportedOperationError,
  ValidationError,
} from '../../../src/index.js';
import { webhookHeaders } from '../../../src/pusher-protocol/webhooks.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingBackend } from '../../support/recording-backend.js';

const hosted = { appId: '1', pubKey: 'hosted-key', secretKey: 'hosted-secret' };
const embedded = { appId: '2', pubKey: 'embedded-key', secretKey: 'embedded-secret' };
const webhookSecret = 'secret-of-the-webhooks';
const events = [{ name: 'client_event', channel: 'private-a', event: 'client-x', data: '1' }];

function serviceOf(backend: AnyBackend): PushService {
  const push = createPushService({ backend });
  onTestFinished(() => push.close());
  return push;
}

function signed(
  keys: { pubKey: string; secretKey: string },
  rawBody = JSON.stringify({ time_ms: Date.now(), events }),
) {
  return { headers: webhookHeaders(rawBody, keys), rawBody };
}

describe.each([
  ['failover', failover],
  ['roundrobin', roundrobin],
  ['fanout', fanout],
])('%s', (_name, compose) => {
  const build = (): AnyBackend =>
    compose(
      new RecordingBackend(),
      new PusherService(hosted),
      new WebSocketService(embedded),
      new PubNubService({ pubKey: 'p', subKey: 's', options: { webhookSecret } }),
    );

  it('reads the webhooks of each of its backends, and says whose they are', async () => {
    const push = serviceOf(build());
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    expect(push.backend.capabilities.webhooks).toBe(true);
    const ofPubNub = {
      headers: { authorization: webhookSecret },
      rawBody: '{"schema":"a/user.created?v=1","data":[{}]}',
    };
    const taken = [];
    for (const webhook of [signed(hosted), signed(embedded), ofPubNub]) taken.push(...(await push.webhook(webhook)));
    expect(taken.map(({ backend, type }) => [backend, type])).toEqual([
      ['pusher', 'clientEvent'],
      ['websocket', 'clientEvent'],
      ['pubnub', 'other'],
    ]);
    expect(received).toHaveLength(2);
  });

  it('refuses what none of them has signed', async () => {
    const push = serviceOf(build());
    const byNobody = signed({ pubKey: hosted.pubKey, secretKey: 'guessed' });
    const failure = await failureOf(AuthenticationError, push.webhook(byNobody));
    expect(failure.backend).toBe('pusher');
  });

  it('does not ask the others about what one has signed and cannot read', async () => {
    const failure = await failureOf(ValidationError, serviceOf(build()).webhook(signed(hosted, 'no JSON')));
    expect(failure.backend).toBe('pusher');
  });

  it('says so when none of its backends reads webhooks', async () => {
    const push = serviceOf(compose(new RecordingBackend(), new RecordingBackend()));
    expect(push.backend.capabilities.webhooks).toBe(false);
    const failure = await failureOf(UnsupportedOperationError, push.webhook(signed(hosted)));
    expect(failure.message).toContain('none of its backends can');
  });
});

it('the same event of two applications in the same millisecond is two events', async () => {
  const other = { appId: '3', pubKey: 'other-key', secretKey: 'other-secret' };
  const push = serviceOf(failover(new PusherService(hosted), new PusherService(other)));
  const { rawBody } = signed(hosted);
  for (const keys of [hosted, other]) expect(await push.webhook(signed(keys, rawBody))).toHaveLength(1);
  for (const keys of [hosted, other]) expect(await push.webhook(signed(keys, rawBody))).toEqual([]);
});

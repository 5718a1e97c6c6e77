import { describe, it } from 'vitest';
import {
  AuthenticationError,
  DeliveryError,
  type PushError,
  RateLimitError,
  TimeoutError,
} from '../../../src/index.js';
import * as faults from '../../providers/faults.js';
import { ProviderServer } from '../../providers/provider-server.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const errors = (...reasons: unknown[]) => ({ errors: reasons });
const serverError = faults.answering({ status: 500, body: errors('Internal Server Error') });

/** What passes: retried with the same key, so that it is delivered once. */
const passing: { what: string; fault: faults.Fault; timeout?: number }[] = [
  { what: 'stalled headers', fault: faults.stalledHeaders, timeout: 800 },
  { what: 'a stalled body', fault: faults.stalledBody, timeout: 800 },
  { what: 'a reset before the answer', fault: faults.resetBeforeAnswer },
  { what: 'a reset in the body', fault: faults.resetInBody },
  { what: '429', fault: faults.tooManyRequests() },
  { what: '429 with a wait', fault: faults.tooManyRequests('0') },
  { what: '500', fault: serverError },
  { what: '502 without a content type', fault: faults.badGateway },
  { what: '503', fault: faults.answering({ status: 503, body: '' }) },
  { what: 'a success that is no JSON', fault: faults.wrongJson },
  { what: 'a success that says nothing', fault: faults.answering({ body: {} }) },
];

describe('a message', () => {
  it.concurrent.for(passing)(
    'is delivered once in spite of $what',
    async ({ fault, timeout }, { expect, onTestFinished }) => {
      const { push, provider, requests } = await start(onTestFinished);
      provider.server.faults.push(fault);
      const report = await push.send({ users: ['ann', 'bob'], data: 1, timeout });
      expect(report).toMatchObject({ status: 'accepted', attempts: 2 });
      const [first, second] = requests();
      expect(second).toEqual(first);
      expect(provider.received.map(({ channel }) => channel)).toEqual(['ann', 'bob']);
    },
  );

  it.concurrent.for([
    ['stalled headers', faults.stalledHeaders],
    ['a stalled body', faults.stalledBody],
  ] as const)(
    'that meets %s ends its connection, and the next one gets through',
    async ([, fault], { expect, onTestFinished }) => {
      const { push, provider } = await start(onTestFinished, { settings: { retries: 0 } });
      provider.server.faults.push(fault);
      const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1, timeout: 100 }));
      expect(failure).toMatchObject({ outcome: 'unknown', cause: { code: 'TIMEOUT' } });
      await expect.poll(() => provider.server.openConnections).toBe(0);
      provider.server.faults.length = 0;
      expect(await push.send({ users: 'ann', data: 2 })).toMatchObject({ status: 'accepted' });
    },
  );

  it.concurrent.for([
    [400, DeliveryError, 'Message Notifications must have English language content; Too long'],
    [401, AuthenticationError, 'Access denied'],
    [403, AuthenticationError, 'Access denied'],
    [404, DeliveryError, 'Not found'],
    [409, DeliveryError, 'Conflict'],
    [413, DeliveryError, 'Too large'],
  ] as const)(
    'that is refused with %d is not tried again, and the reason is told',
    async ([status, ErrorClass, reason], { expect, onTestFinished }) => {
      const { push, provider } = await start(onTestFinished);
      provider.server.always = faults.answering({ status, body: errors(...reason.split('; ')) });
      const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
      expect(failure).toMatchObject({ outcome: 'rejected', retryable: false, status });
      expect(failure.cause).toBeInstanceOf(ErrorClass);
      const hint = status === 401 ? ' (check the credentials in PUSH_SERVER)' : '';
      expect((failure.cause as Error).message).toBe(`OneSignal answered ${status}: ${reason}${hint}`);
      expect(provider.server.requests).toHaveLength(1);
    },
  );

  it.concurrent.for([
    [{ body: errors({ code: 'x', title: 'Bad' }), status: 400 }, '{"code":"x","title":"Bad"}'],
    [{ body: { errors: 'One reason' }, status: 400 }, 'One reason'],
    [{ body: { errors: { field: 'wrong' } }, status: 400 }, '{"field":"wrong"}'],
    [{ body: { message: 'Bad' }, status: 400 }, '{"message":"Bad"}'],
    [{ body: '<html>Bad</html>', status: 400 }, '<html>Bad</html>'],
    [{ body: 'x'.repeat(10_000), status: 400 }, 'x'.repeat(500)],
    [{ body: '', status: 400 }, 'nothing'],
  ] as const)('is refused for a reason in any form', async ([answer, reason], { expect, onTestFinished }) => {
    const { push, provider } = await start(onTestFinished);
    provider.server.always = faults.answering(answer);
    const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expect((failure.cause as Error).message).toBe(`OneSignal answered 400: ${reason}`);
  });

  it.concurrent('that OneSignal names a wait for is not tried before it', async ({ expect, onTestFinished }) => {
    const { push, provider } = await start(onTestFinished);
    provider.server.always = faults.tooManyRequests('31');
    const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expect(failure.cause).toBeInstanceOf(RateLimitError);
    expect(failure.cause).toMatchObject({ retryAfter: 31_000 });
    expect(provider.server.requests).toHaveLength(1);
  });

  it.concurrent('that reaches nobody is rejected although the answer is a success', async ({
    expect,
    onTestFinished,
  }) => {
    const { push, provider } = await start(onTestFinished);
    const failure = await failureOf(DeliveryError, push.send({ users: ['stranger', 'stranger too'], data: 1 }));
    expect(failure).toMatchObject({ outcome: 'rejected', retryable: false });
    expect(failure.message).toContain('OneSignal created no notification: All included players are not subscribed');
    provider.server.always = faults.answering({
      body: { id: '', errors: { invalid_aliases: { external_id: ['ann'] } } },
    });
    const other = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expect(other.message).toContain('created no notification: no recipient can get it');
    provider.server.always = faults.answering({ body: errors('Old style') });
    expect((await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }))).message).toContain('Old style');
  });

  it.concurrent('is accepted where OneSignal names reasons but nobody who does not get it, and they are logged', async ({
    expect,
    onTestFinished,
  }) => {
    const { push, provider, logger } = await start(onTestFinished);
    provider.server.faults.push(faults.answering({ body: { id: 'n1', ...errors('Something is odd') } }));
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ accepted: ['ann'] });
    expect(logger.entries).toEqual([
      { level: 'warn', details: { backend: 'onesignal', notificationId: 'n1' }, text: 'OneSignal: Something is odd' },
    ]);
  });

  it.concurrent.for(['invalid_external_user_ids', 'invalid_player_ids'])(
    'leaves open whether those in %s got it',
    async (key, { expect, onTestFinished }) => {
      const { push, provider } = await start(onTestFinished);
      provider.server.faults.push(faults.answering({ body: { id: 'n1', errors: { [key]: ['bob', 'stranger'] } } }));
      expect(await push.send({ users: ['ann', 'bob'], data: 1 })).toMatchObject({
        accepted: ['ann'],
        rejected: [{ channel: 'bob', error: { outcome: 'unknown' } }],
      });
    },
  );

  it.concurrent('whose server is not there was never sent, and may be tried again', async ({
    expect,
    onTestFinished,
  }) => {
    const { push, provider } = await start(onTestFinished, { settings: { retries: 0 } });
    await provider.server.close();
    const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expect(failure).toMatchObject({ outcome: 'rejected', retryable: true });
    expect(failure.message).toContain('ECONNREFUSED');
  });

  it.concurrent('ends with the caller’s signal', async ({ expect, onTestFinished }) => {
    const { push, provider } = await start(onTestFinished);
    provider.server.always = faults.stalledBody;
    const controller = new AbortController();
    const sending = push.send({ users: 'ann', data: 1, signal: controller.signal });
    await expect.poll(() => provider.server.requests.length).toBe(1);
    controller.abort();
    const failure = await failureOf(DeliveryError, sending);
    expect(failure).toMatchObject({ outcome: 'unknown', cause: { name: 'AbortError' } });
    await expect.poll(() => provider.server.openConnections).toBe(0);
  });
});

describe('a redirect', () => {
  it.concurrent('to another host is not followed, for sending nor for looking', async ({ expect, onTestFinished }) => {
    const { push, service, provider } = await start(onTestFinished);
    const elsewhere = await ProviderServer.start(() => ({ body: { id: 'stolen' } }));
    onTestFinished(() => elsewhere.close());
    provider.server.always = faults.redirectTo(`${elsewhere.origin}/notifications`);
    const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expect(failure.message).toContain('pushrail does not follow redirects');
    const id = '00000000-0000-4000-8000-000000000000';
    await failureOf(DeliveryError, service.viewNotification(id));
    await failureOf(DeliveryError, service.cancel(id));
    expect(elsewhere.requests).toEqual([]);
    expect(provider.server.requests).toHaveLength(3);
  });
});

describe('the key', () => {
  it.concurrent.for([
    ['new', /^Key os_v2_/],
    ['legacy', /^Basic /],
  ] as const)('of the %s kind goes with its scheme', async ([key, expected], { expect, onTestFinished }) => {
    const { push, provider } = await start(onTestFinished, { provider: { key } });
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(provider.server.requests[0]?.headers.authorization).toMatch(expected);
  });

  it.concurrent('goes over TLS', async ({ expect, onTestFinished }) => {
    const { push, provider } = await start(onTestFinished, { provider: { tls: true } });
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(provider.server).toMatchObject({ origin: expect.stringContaining('https:'), connections: 1 });
  });

  it.concurrent('shows in no failure, no report and no line of the log', async ({ expect, onTestFinished }) => {
    const { push, service, provider, logger } = await start(onTestFinished, {
      settings: { retries: 0 },
      options: { requestTimeoutMs: 200 },
    });
    const [key = ''] = provider.secrets;
    const told = errors(`Your key ${key} is wrong`, { key, header: `Key ${key}` });
    const kinds = [
      ...passing.map(({ fault }) => fault),
      ...[400, 401, 403, 404, 413, 429, 500].map((status) => faults.answering({ status, body: told })),
      faults.answering({ status: 400, body: `${'x'.repeat(490)}${key}` }),
      faults.answering({ status: 400, body: { errors: [`${'x'.repeat(490)}${key}`] } }),
      faults.answering({ body: { id: '', ...told } }),
      faults.answering({ body: { id: 'n1', ...told } }),
      faults.answering({ body: `${key} {` }),
      faults.redirectTo(`http://${key}.example.com/`),
    ];
    const shown: unknown[] = [];
    for (const fault of kinds) {
      provider.server.faults.push(fault);
      shown.push(
        await push.send({ users: ['ann', 'two-phones'], data: 1, timeout: 200 }).catch((error: PushError) => error),
      );
      provider.server.faults.push(fault);
      shown.push(await service.cancel('00000000-0000-4000-8000-000000000000').catch((error: PushError) => error));
    }
    const all = shown.map(everythingShown).join('\n') + everythingShown(logger.entries);
    expect(shown.filter((value) => value instanceof TimeoutError)).not.toEqual([]);
    expect(all).toContain('Your key [secret] is wrong');
    expect(all).not.toContain(key);
    expect(all).not.toContain(key.slice(0, 10));
  });
});

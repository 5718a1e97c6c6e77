import { describe, expect, it, onTestFinished } from 'vitest';
import { idempotencyKey } from '../../../src/backends/onesignal/message-bodies.js';
import { createPushService, type PushServerSettings } from '../../../src/index.js';
import { deliver } from '../../support/deliver.js';
import { recordedMessage } from '../../support/recorded-message.js';
import { start } from './support/start.js';

const id = 'ae58ef1c-d75d-41c9-a46b-7fb86d3a00ce';

describe('the idempotency key', () => {
  it('is a UUID of version 4 that depends on the message and its recipients, not on their order', () => {
    const key = idempotencyKey({ id }, 'external_id', ['ann', 'bob']);
    expect(key).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(idempotencyKey({ id }, 'external_id', ['bob', 'ann'])).toBe(key);
    const others = [
      idempotencyKey({ id }, 'external_id', ['ann']),
      idempotencyKey({ id }, 'external_id', ['ann","bob']),
      idempotencyKey({ id }, 'crm_id', ['ann', 'bob']),
      idempotencyKey({ id: 'another' }, 'external_id', ['ann', 'bob']),
      idempotencyKey({ id, idempotencyKey: 'order 42' }, 'external_id', ['ann', 'bob']),
    ];
    expect(new Set([key, ...others]).size).toBe(6);
  });

  it('makes one of two sends with the same key to the same users', async () => {
    const { push, provider } = await start(onTestFinished);
    const first = await push.send({ users: ['ann', 'bob'], data: 1, idempotencyKey: 'order 42' });
    const second = await push.send({ users: ['bob', 'ann'], data: 1, idempotencyKey: 'order 42' });
    expect(second.info).toEqual(first.info);
    expect(second.id).not.toBe(first.id);
    await push.send({ users: ['cid'], data: 1, idempotencyKey: 'order 42' });
    await push.send({ users: ['ann'], data: 1, idempotencyKey: 'order 43' });
    expect(provider.received.map(({ channel }) => channel)).toEqual(['ann', 'bob', 'cid', 'ann']);
  });

  it('makes one of a recorded message that another process sends again', async () => {
    const { service, provider } = await start(onTestFinished);
    const later = createPushService({ ...provider.settings } as PushServerSettings);
    onTestFinished(() => later.close());
    const context = { signal: new AbortController().signal };
    const again = [service, later.backend].map((backend) =>
      deliver(backend, ['ann', 'bob'], recordedMessage('paid', 1, id), context),
    );
    const [first, second] = await Promise.all(again);
    expect(second).toEqual(first);
    expect(provider.received.map(({ channel }) => channel)).toEqual(['ann', 'bob']);
  });

  it('differs for two sends without one', async () => {
    const { push, provider } = await start(onTestFinished);
    await push.send({ users: 'ann', data: 1 });
    await push.send({ users: 'ann', data: 1 });
    expect(provider.received).toHaveLength(2);
  });
});

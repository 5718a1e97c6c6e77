import { describe, expect, it, vi } from 'vitest';
import { servicesWith, stores } from './services-with-store.js';

const message = { event: 'e', channels: ['a'], data: 1, idempotencyKey: 'one' } as const;

describe.each(stores)('an idempotency key on %s', (_name, newStore) => {
  it('whose message is under way keeps nobody waiting who only records', async () => {
    const { make } = servicesWith(newStore());
    const { push, backend } = make({ timeout: 600_000 });
    const answered = Promise.withResolvers<undefined>();
    backend.answer = () => answered.promise;
    const first = push.send(message);
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    const second = await push.send({ ...message, wait: false });
    expect(second.status).toBe('waiting');
    expect(backend.pending).toBe(1);
    answered.resolve(undefined);
    expect((await first).id).toBe(second.id);
  });

  it('whose message is under way lets the second call go when its signal fires', async () => {
    const { make } = servicesWith(newStore());
    const { push, backend } = make({ timeout: 600_000 });
    const answered = Promise.withResolvers<undefined>();
    backend.answer = () => answered.promise;
    const first = push.send(message);
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    const abort = new AbortController();
    const second = push.send({ ...message, signal: abort.signal }).catch((error: unknown) => error);
    setImmediate(() => abort.abort());
    expect(await second).toMatchObject({ code: 'ABORTED' });
    expect(backend.pending).toBe(1);
    answered.resolve(undefined);
    expect((await first).status).toBe('accepted');
  });

  it('returns the report of the first message, with what the provider told', async () => {
    const { make } = servicesWith(newStore());
    const { push, backend } = make({ limits: { maxChannelsPerRequest: 10 } });
    backend.answer = ({ channels }) => channels.map((channel) => ({ channel, info: { id: `of ${channel}` } }));
    const several = { ...message, channels: ['a', 'b'] };
    const first = await push.send(several);
    const { durationMs: _, ...second } = await push.send(several);
    expect(first).toMatchObject(second);
    expect(second.info).toEqual({ a: { id: 'of a' }, b: { id: 'of b' } });
  });

  it('returns the status of a message that is recorded for nobody', async () => {
    const { make } = servicesWith(newStore());
    const { push } = make({ recording: { debug: true } });
    const first = await push.send(message);
    expect((await push.send(message)).status).toBe(first.status);
  });

  it('that belongs to another message of a list is logged, where the others are sent', async () => {
    const { make } = servicesWith(newStore());
    const { push, logger } = make();
    await push.send(message);
    const reports = await push.sendMany([
      { event: 'other', channels: 'a' },
      { ...message, data: 2 },
    ]);
    expect(reports.map(({ status }) => status)).toEqual(['accepted', 'rejected']);
    expect(logger.entries).toContainEqual({
      level: 'warn',
      details: expect.objectContaining({ err: expect.objectContaining({ code: 'VALIDATION' }), event: 'e' }),
      text: 'a message of sendMany() was not sent',
    });
  });
});

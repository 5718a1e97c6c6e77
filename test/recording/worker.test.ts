import { describe, expect, it, vi } from 'vitest';
import { changed, servicesWith, stores } from './services-with-store.js';

const message = { event: 'e', channels: ['a'], data: 1 };

describe.each(stores)('a worker on the %s store', (_name, newStore) => {
  it('asks every second when nothing is due', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push } = make();
    await push.messages.count();
    await clock.advance(0);
    const claims = () => store.calls.filter((call) => call === 'claim').length;
    const before = claims();
    await clock.advance(999);
    expect(claims()).toBe(before);
    await clock.advance(1);
    expect(claims()).toBe(before + 1);
    await clock.advance(5_000);
    expect(claims()).toBe(before + 6);
  });

  it('sends a message when its time comes, and not before', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make();
    const { id, status } = await push.send({ ...message, delay: '30m' });
    expect(status).toBe('waiting');
    await clock.advance(30 * 60_000 - 1);
    expect(backend.sent).toEqual([]);
    await clock.advance(1_000);
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 }));
    expect(backend.sent).toEqual([['a']]);
  });

  it('is woken by a send of its own process, whatever it asked a moment ago', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make();
    await push.messages.count();
    await clock.advance(0);
    await push.send({ ...message, wait: false });
    await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
    await push.send({ ...message, wait: false });
    await vi.waitFor(() => expect(backend.sent).toEqual([['a'], ['a']]));
  });

  it('goes on at once while there is more, with no more under way than it may have', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make({ worker: { concurrency: 4 } });
    const answers: (() => void)[] = [];
    backend.answer = () => new Promise<void>((resolve) => answers.push(resolve));
    await push.sendMany(Array.from({ length: 20 }, (_, n) => ({ ...message, channels: `c${n}`, wait: false })));
    for (let sent = 0; sent < 20; sent += 4) {
      await vi.waitFor(() => expect(backend.requests).toHaveLength(sent + 4));
      await clock.advance(0);
      for (const answer of answers.splice(0)) answer();
    }
    await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(20));
    expect(backend.mostPending).toBe(4);
  });

  it('looks when it is told to wake', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const { push: worker, backend } = make();
    await worker.messages.count();
    await clock.advance(0);
    await web.send({ ...message, wait: false });
    await clock.advance(0);
    expect(backend.sent).toEqual([]);
    worker.wake();
    await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
  });

  it('does not send in a process that leaves it to others, until work() is called', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make({ worker: false });
    const { id } = await push.send({ ...message, wait: false });
    push.wake();
    await clock.advance(10_000);
    expect(backend.sent).toEqual([]);
    const worker = await push.work({ concurrency: 7 });
    expect(worker).toMatchObject({ state: 'working', concurrency: 7, service: 'default', store: _name });
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }));
    expect(await push.work()).toBe(worker);
    expect(worker.concurrency).toBe(7);
    await push.close();
    expect(worker).toMatchObject({ state: 'stopped', underWay: 0 });
  });

  it('does not send where PUSH_WORKER is false, whatever the settings say', async () => {
    vi.stubEnv('PUSH_WORKER', 'false');
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make({ worker: { concurrency: 3 } });
    vi.unstubAllEnvs();
    await push.send({ ...message, wait: false });
    await clock.advance(3_000);
    expect(backend.sent).toEqual([]);
    expect((await push.work()).concurrency).toBe(3);
    await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
  });

  it('sends the messages of its own service alone', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push: shop } = make({ name: 'shop', worker: false });
    const { push: blog, backend } = make({ name: 'blog' });
    const { id } = await shop.send({ ...message, wait: false });
    await blog.send({ ...message, channels: ['b'], wait: false });
    await clock.advance(3_000);
    await vi.waitFor(() => expect(backend.sent).toEqual([['b']]));
    expect(await shop.messages.get(id)).toMatchObject({ state: 'WAITING' });
    expect(await blog.messages.get(id)).toBeUndefined();
  });

  it('leaves messages with a condition that it does not know to others, and warns of it once', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, when: 'unpaid', wait: false });
    const { push, backend, logger } = make();
    await push.messages.count();
    await clock.advance(300_000);
    expect(backend.sent).toEqual([]);
    expect(logger.entries.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        details: { condition: 'unpaid', messages: 1 },
        text: 'messages are due and wait for the condition "unpaid", which this process does not know: add it by PushService.condition("unpaid", …) in a process with a worker',
      },
    ]);
    push.condition('unpaid', () => true);
    await clock.advance(1_000);
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }));
  });

  it('tries until its store is open, and tells of it once', async () => {
    const store = newStore();
    const open = store.open.bind(store);
    let failures = 3;
    const { make, clock } = servicesWith(
      changed(store, {
        open: () => (failures-- > 0 ? Promise.reject(new Error('the database is away')) : open()),
      }),
    );
    const { logger } = make();
    await vi.waitFor(async () => {
      await clock.advance(30_000);
      expect(store.calls).toContain('claim');
    });
    expect(logger.entries.filter(({ level }) => level === 'error')).toMatchObject([
      { text: 'the message store could not be opened: the worker tries again until it is' },
    ]);
  });

  it('asks a store that fails again and again, and tells of it once', async () => {
    const store = newStore();
    const { claim } = store;
    let isAway = false;
    const { make, clock } = servicesWith(
      changed(store, {
        claim: (request) => (isAway ? Promise.reject(new Error('the database is away')) : claim(request)),
      }),
    );
    const { push, backend, logger } = make();
    const worker = await push.work();
    isAway = true;
    await push.send({ ...message, wait: false });
    await clock.advance(60_000);
    expect(worker.state).toBe('store away');
    isAway = false;
    await vi.waitFor(async () => {
      await clock.advance(30_000);
      expect(backend.sent).toEqual([['a']]);
    });
    expect(worker.state).toBe('working');
    expect(logger.entries.filter(({ level }) => level === 'error')).toMatchObject([
      { text: `the worker cannot ask the ${_name} store: it tries again until it answers` },
    ]);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { DeliveryError, RateLimitError, ValidationError } from '../../src/index.js';
import { changed, servicesWith, stores } from './services-with-store.js';

const MINUTE = 60_000;

it('a provider that asks to wait for years keeps others waiting for a day', async () => {
  const [[, newStore]] = stores as [(typeof stores)[number]];
  const { make, clock } = servicesWith(newStore());
  const { push, backend } = make();
  backend.answer = (_, index) => {
    if (index === 0) throw new RateLimitError('slow down', { retryAfter: 1e300 });
  };
  await push.send({ event: 'e', channels: 'a' });
  const { id, status } = await push.send({ event: 'e', channels: 'b' });
  expect(status).toBe('waiting');
  await clock.advance(24 * 60 * MINUTE + 2_000);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
});

describe.each(stores)('what became of messages on %s', (_name, newStore) => {
  it('is written down also beside a message that the store never takes', async () => {
    const store = newStore();
    const { settle } = store;
    let isAway = true;
    const { make, clock } = servicesWith(
      changed(store, {
        async settle(settlements, now) {
          if (isAway) throw new Error('the store is away');
          if (settlements.some(({ reason }) => reason === 'poison')) throw new ValidationError('a text that is none');
          return settle(settlements, now);
        },
      }),
    );
    const { push, backend } = make({ worker: false });
    backend.answer = ({ channels: [channel] }) => (channel === 'poison' ? { skipped: 'poison' } : undefined);
    const ids: string[] = [];
    for (const channels of ['a', 'poison', 'b']) ids.push((await push.send({ event: 'e', channels })).id);
    isAway = false;
    await clock.advance(5 * MINUTE);
    const states = await Promise.all(ids.map(async (id) => (await push.messages.get(id))?.state));
    expect(states).toEqual(['SENT', 'SENDING', 'SENT']);
  });

  it('is written down once when the store fails in the middle', async () => {
    const store = newStore();
    const { settle } = store;
    let failures = 0;
    const { make, clock } = servicesWith(
      changed(store, {
        settle: async (...args) => {
          if (failures++ === 0) throw new DeliveryError('away', { outcome: 'rejected', retryable: true });
          return settle(...args);
        },
      }),
    );
    // One request for both channels, which the second one fails in.
    const { push, backend } = make({ limits: { maxChannelsPerRequest: 10 } });
    const error = new DeliveryError('away', { outcome: 'rejected', retryable: true });
    backend.answer = ({ channels }, index) =>
      index === 0 ? channels.map((channel) => (channel === 'b' ? { channel, error } : { channel })) : undefined;
    const { id } = await push.send({ event: 'e', channels: ['a', 'b'] });
    await clock.advance(5 * MINUTE);
    const record = await push.messages.get(id);
    expect(record?.channels.flatMap(({ channels }) => channels)).toEqual(['a', 'b']);
  });

  it('is written down whatever time the provider asks to wait', async () => {
    const { make } = servicesWith(newStore());
    const { push, backend } = make();
    backend.answer = () => {
      throw new RateLimitError('slow down', { retryAfter: 1e300 });
    };
    const { id } = await push.send({ event: 'e', channels: 'a' });
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY' }));
  });
});

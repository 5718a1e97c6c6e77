import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { servicesWith, stores } from './services-with-store.js';

const message = { event: 'e', channels: ['a'], data: 1 };

describe.each(stores)('a worker on %s', (_name, newStore) => {
  it('takes no message while its backend cannot be opened, and leaves all to other processes', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false });
    const broken = make({ worker: false });
    vi.spyOn(broken.backend, 'open').mockRejectedValue(new ConfigurationError('The port 6001 is taken.'));
    broken.push.configure({ backend: broken.backend, messages: broken.store, clock, logger: broken.logger });
    await clock.advance(5_000);
    expect(await web.messages.get(id)).toMatchObject({ state: 'WAITING', attempts: 0 });
    const { backend } = make();
    await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
  });
});

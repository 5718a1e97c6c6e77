import { describe, expect, it } from 'vitest';
import { DeliveryError, type SessionAdapter } from '../../src/index.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;
const away = (): DeliveryError => new DeliveryError('the provider is away', { outcome: 'rejected', retryable: true });

describe('the users of a recorded message', () => {
  it('are looked up when it is sent', async () => {
    const sessions = memorySessions();
    await using recorded = recordedService({ sessions });
    const { push, backend, clock } = recorded;
    await sessions.add('ann', 'old');
    const { id } = await push.send({ event: 'hello', users: 'ann', delay: '1h' });
    await sessions.remove('ann', 'old');
    await sessions.add('ann', 'new');
    await clock.advance(61 * MINUTE);
    expect(backend.sent).toEqual([['new']]);
    expect(await push.messages.get(id)).toMatchObject({
      recipients: { users: ['ann'] },
      channels: [{ state: 'accepted', channels: ['new'], users: ['ann'] }],
    });
  });

  it('are skipped when nobody is there', async () => {
    await using recorded = recordedService();
    const { push } = recorded;
    const report = await push.send({ event: 'hello', users: ['ann', 'bob'] });
    expect(report).toMatchObject({ status: 'unreachable', unreachable: ['ann', 'bob'] });
    expect(await push.messages.get(report.id)).toMatchObject({ state: 'SKIPPED', reason: 'unreachable' });
  });

  it('are looked up again at each try: what was accepted is not repeated, what has ended is skipped', async () => {
    const sessions = memorySessions();
    await using recorded = recordedService({ sessions });
    const { push, backend, clock } = recorded;
    await sessions.add('ann', 'ann-1');
    await sessions.add('ann', 'ann-2');
    await sessions.add('bob', 'bob-1');
    await sessions.add('cid', 'cid-1');
    backend.answer = ({ channels }, index) => {
      if (index < 4 && channels[0] !== 'ann-1') throw away();
    };
    const { id } = await push.send({ event: 'hello', users: ['ann', 'bob', 'cid'] });
    // Ann has got it, so her new session does not count; Bob has not, so his does; Cid's session has ended.
    await sessions.add('ann', 'ann-3');
    await sessions.add('bob', 'bob-2');
    await sessions.remove('cid', 'cid-1');
    await clock.advance(2 * MINUTE);
    expect(backend.sent.slice(4).flat().sort()).toEqual(['ann-2', 'bob-1', 'bob-2']);
    const record = await push.messages.get(id);
    expect(record?.state).toBe('SENT');
    expect(record?.channels).toContainEqual(
      expect.objectContaining({
        state: 'skipped',
        channels: ['cid-1'],
        users: ['cid'],
        reason: 'the session has ended',
      }),
    );
  });

  it('may be objects of the application, whose ids are recorded', async () => {
    const sessions = memorySessions<{ email: string }>({ identify: ({ email }) => email });
    await using recorded = recordedService({ sessions });
    const { push, backend, clock } = recorded;
    await sessions.add({ email: 'ann@example.com' }, 'ann');
    await push.send<{ email: string }>({ event: 'hello', users: { email: 'ann@example.com' }, delay: '1m' });
    await clock.advance(2 * MINUTE);
    expect(backend.sent).toEqual([['ann']]);
    const found = await push.messages.find<{ email: string }>({ recipient: { email: 'ann@example.com' } });
    expect(found.messages).toMatchObject([{ event: 'hello', recipients: { users: ['ann@example.com'] } }]);
  });

  it('are recalled by an adapter that needs them whole', async () => {
    const sessions: SessionAdapter<{ name: string }> = {
      identify: ({ name }) => name,
      recall: async (id) => ({ name: id }),
      channelsFor: async (users) => users.map(({ name }) => [`of-${name}`]),
    };
    await using recorded = recordedService({ sessions });
    const { push, backend, clock } = recorded;
    await push.send<{ name: string }>({ event: 'hello', users: { name: 'ann' }, delay: '1m' });
    await clock.advance(2 * MINUTE);
    expect(backend.sent).toEqual([['of-ann']]);
  });

  it('are looked up later when the session adapter is away', async () => {
    let isAway = true;
    const sessions: SessionAdapter = {
      channelsFor: async (users) => {
        if (isAway) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        return users.map(() => ['a']);
      },
    };
    await using recorded = recordedService({ sessions });
    const { push, backend, clock } = recorded;
    const { id, status } = await push.send({ event: 'hello', users: 'ann' });
    expect(status).toBe('waiting');
    isAway = false;
    await clock.advance(2 * MINUTE);
    expect(backend.sent).toEqual([['a']]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });
});

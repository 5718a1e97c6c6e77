import assert from 'node:assert/strict';
import { LONG_MS, type SessionCaseDefinition, type SessionTrial, withoutStore } from '../session-trial.js';
import { failureOf, shown } from '../trial.js';

/** Number of channel ids in the measurement of randomness. */
const IDS = 2000;
/** Random bits that a channel id needs. */
const MIN_BITS = 128;
/** The measured randomness of this many ids is a little below the true one. */
const TOLERANCE_BITS = 2;
/** Number of sessions that are added and removed at the same time. */
const AT_ONCE = 40;

export const storeCases: readonly SessionCaseDefinition[] = [
  {
    name: 'adds a session with the given channel id, and says when it ends',
    lacks: withoutStore,
    async check({ store }) {
      const { channelId, expiresAt } = await store.add('ann', 'desk', { ttl: LONG_MS });
      assert.equal(channelId, 'desk');
      // The clock may be that of another machine.
      assert.ok(Number.isFinite(expiresAt) && expiresAt > LONG_MS, `the session must end later than at ${expiresAt}`);
      const later = await store.add('ann', 'desk', { ttl: LONG_MS * 2 });
      assert.ok(
        later.expiresAt > expiresAt,
        `a session that is renewed for longer must end later than at ${later.expiresAt}`,
      );
    },
  },
  {
    name: 'makes channel ids that nobody can guess, all different',
    lacks: withoutStore,
    async check(trial) {
      const { store } = trial;
      const sessions = await Promise.all(Array.from({ length: IDS }, (_, n) => store.add(`user-${n % 10}`)));
      const ids = sessions.map(({ channelId }) => channelId);
      assert.equal(new Set(ids).size, IDS, 'different channel ids');
      const bits = bitsIn(ids);
      assert.ok(
        bits >= MIN_BITS - TOLERANCE_BITS,
        `A channel id must have ${MIN_BITS} random bits; ids such as ${shown(ids[0])} have ${bits.toFixed(0)}`,
      );
      const found = await store.channelsFor(Array.from({ length: 10 }, (_, n) => `user-${n}`));
      assert.deepEqual(found.flat().sort(), ids.toSorted());
    },
  },
  {
    name: 'keeps one session when it is added twice',
    lacks: withoutStore,
    async check(trial) {
      for (let times = 0; times < 3; times++) await trial.add('ann', 'desk');
      await trial.has([['ann', ['desk']]]);
      await trial.store.remove('ann', 'desk');
      await trial.has([['ann', []]]);
    },
  },
  {
    name: 'removes one session of a user or all of them, and no session of another user',
    lacks: withoutStore,
    async check(trial) {
      for (const channel of ['desk', 'phone', 'watch']) await trial.add('ann', channel);
      await trial.add('bob', 'desk');
      await trial.store.remove('ann', 'desk');
      await trial.has([
        ['ann', ['phone', 'watch']],
        ['bob', ['desk']],
      ]);
      await trial.store.remove('ann');
      await trial.has([
        ['ann', []],
        ['bob', ['desk']],
      ]);
      await trial.add('ann', 'phone');
      await trial.has([['ann', ['phone']]]);
    },
  },
  {
    name: 'ignores the removal of a session that does not exist',
    lacks: withoutStore,
    async check(trial) {
      await trial.add('ann', 'desk');
      await trial.store.remove('ann', 'unknown');
      await trial.store.remove('nobody', 'desk');
      await trial.store.remove('nobody');
      await trial.has([
        ['ann', ['desk']],
        ['nobody', []],
      ]);
    },
  },
  {
    name: 'refuses an empty channel id and a ttl that is not above 0, and adds nothing',
    lacks: withoutStore,
    async check(trial) {
      const { store } = trial;
      await trial.add('ann', 'desk');
      await failureOf('add() with an empty channel id', () => store.add('ann', ''), 'VALIDATION');
      for (const ttl of [0, -1, Number.NaN]) {
        await failureOf(`add() with a ttl of ${ttl}`, () => store.add('ann', 'phone', { ttl }), 'VALIDATION');
        await failureOf(`touch() with a ttl of ${ttl}`, () => store.touch('ann', 'desk', { ttl }), 'VALIDATION');
      }
      await trial.has([['ann', ['desk']]]);
    },
  },
  {
    name: 'loses no session when others are added, renewed and removed at the same time',
    lacks: withoutStore,
    async check(trial) {
      const stores = [trial.store, (await anotherStore(trial)) ?? trial.store];
      const numbers = Array.from({ length: AT_ONCE }, (_, n) => n);
      for (const n of numbers) await trial.add('ann', `old-${n}`);
      await Promise.all(
        stores.flatMap((store, which) =>
          numbers.map(async (n) => {
            if (n % 2 !== which) return;
            await Promise.all([
              store.add('ann', `new-${n}`, { ttl: LONG_MS }),
              n % 4 < 2 ? store.remove('ann', `old-${n}`) : store.touch('ann', `old-${n}`, { ttl: LONG_MS }),
              store.add('bob', `bob-${n}`, { ttl: LONG_MS }),
            ]);
          }),
        ),
      );
      await trial.has([
        ['ann', [...numbers.map((n) => `new-${n}`), ...numbers.filter((n) => n % 4 >= 2).map((n) => `old-${n}`)]],
        ['bob', numbers.map((n) => `bob-${n}`)],
      ]);
    },
  },
  {
    name: 'shares sessions with an adapter of another process',
    lacks: (trial) =>
      withoutStore(trial) ?? (trial.subject.another === undefined ? 'the harness has no another()' : undefined),
    async check(trial) {
      const other = await anotherStore(trial);
      await other?.add('ann', 'desk', { ttl: LONG_MS });
      await trial.add('ann', 'phone');
      await trial.has([['ann', ['desk', 'phone']]]);
      await trial.store.remove('ann', 'desk');
      assert.equal(await other?.touch('ann', 'desk'), false, 'touch() of a session that another process removed');
      assert.deepEqual(other && (await trial.lookUp(['ann'], other)), [['phone']]);
    },
  },
];

async function anotherStore({ subject }: SessionTrial): Promise<SessionTrial['store'] | undefined> {
  return (await subject.another?.()) as SessionTrial['store'] | undefined;
}

/**
 * Measures the entropy of a set of texts, in bits: the sum over the places of their characters, with the correction of
 * Miller and Madow for a small sample. A place with the same character in all texts adds nothing.
 */
function bitsIn(texts: readonly string[]): number {
  const length = Math.max(...texts.map((text) => text.length));
  let bits = 0;
  for (let place = 0; place < length; place++) {
    const counts = new Map<string, number>();
    for (const text of texts) {
      const character = text[place] ?? '';
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    if (counts.size === 1) continue;
    for (const count of counts.values()) {
      const share = count / texts.length;
      bits -= share * Math.log2(share);
    }
    bits += (counts.size - 1) / (2 * texts.length * Math.LN2);
  }
  return bits;
}

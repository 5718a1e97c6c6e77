import assert from 'node:assert/strict';
import type { StoreQuery } from '../../index.js';
import { idsOf, type MessageCaseDefinition, MINUTE, NOW, SERVICE } from '../message-trial.js';

/** Number of messages that are found page by page. */
const MANY = 26;
/** Number of messages on a page: several share a time, and a page ends among them. */
const PAGE = 4;

export const findingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'finds messages by each filter alone and by several together, the newest first',
    async check(trial) {
      const order = { type: 'order', id: '42' };
      const add = async (n: number, of: Parameters<typeof trial.insert>[0]): Promise<string> =>
        (await trial.insert(of, NOW + n)).id;
      const a = await add(0, { tag: 'invoice', key: 'k', relatedTo: [order], event: 'paid' });
      const b = await add(1, { tag: 'invoice', recipients: { users: ['ann', 'bob'] } });
      const c = await add(2, { recipients: { channels: ['ann'] }, relatedTo: [{ type: 'order', id: '4' }, order] });
      const d = await add(3, { recipients: { users: ['bob'] }, key: 'k', event: 'paid', tag: 'reminder' });
      await trial.insert({ service: 'blog', tag: 'invoice', key: 'k', relatedTo: [order], event: 'paid' });
      await trial.store.cancel({ service: SERVICE, id: d }, NOW + 4);

      const queries: readonly (readonly [Partial<StoreQuery>, readonly string[]])[] = [
        [{}, [d, c, b, a]],
        [{ states: ['WAITING'] }, [c, b, a]],
        [{ states: ['SENT', 'CANCELLED'] }, [d]],
        [{ states: ['WAITING', 'CANCELLED'] }, [d, c, b, a]],
        [{ states: [] }, []],
        [{ tag: 'invoice' }, [b, a]],
        [{ tag: 'none' }, []],
        [{ relatedTo: order }, [c, a]],
        [{ relatedTo: { type: 'order', id: '4' } }, [c]],
        [{ relatedTo: { type: '42', id: 'order' } }, []],
        [{ recipient: 'ann' }, [b, a]],
        [{ recipient: 'bob' }, [d, b]],
        [{ recipient: 'an' }, []],
        [{ event: 'paid' }, [d, a]],
        [{ key: 'k' }, [d, a]],
        [{ since: NOW + 1 }, [d, c, b]],
        [{ until: NOW + 1 }, [a]],
        [{ since: NOW + 1, until: NOW + 3 }, [c, b]],
        [{ since: NOW + 3, until: NOW + 3 }, []],
        [{ dueBy: NOW + 1 }, [b, a]],
        [{ dueBy: NOW + 2, since: NOW + 1 }, [c, b]],
        [{ unchangedSince: NOW + 3 }, [c, b, a]],
        [{ unchangedSince: NOW + 4, states: ['CANCELLED'] }, [d]],
        [{ dueBy: NOW, recipient: 'ann', tag: 'invoice' }, [a]],
        [{ tag: 'invoice', recipient: 'bob' }, [b]],
        [{ tag: 'invoice', event: 'paid', key: 'k', relatedTo: order, recipient: 'ann', states: ['WAITING'] }, [a]],
        [{ tag: 'invoice', event: 'paid', key: 'k', relatedTo: order, recipient: 'ann', states: ['SENT'] }, []],
        [{ key: 'k', since: NOW + 1 }, [d]],
        [{ relatedTo: order, recipient: 'bob' }, []],
      ];
      for (const [query, expected] of queries) await trial.finds(query, expected);
      assert.deepEqual(await trial.found({ service: 'shop2' }), []);
      assert.equal(await trial.store.count({ service: 'blog', tag: 'invoice' }), 1);
    },
  },
  {
    name: 'tells apart names that differ in case, in accents, in blanks or in what stands for any letter',
    async check(trial) {
      const names = ['invoice', 'Invoice', 'invoicé', 'invoice ', ' invoice', 'invoic_', 'invoic%', '%', '', '\\'];
      const ids: string[] = [];
      for (const name of names) {
        const of = { tag: name, key: name, event: name, relatedTo: [{ type: name, id: name }] };
        ids.push((await trial.insert({ ...of, recipients: { users: [`x${name}`] } })).id);
      }
      for (const [n, name] of names.entries()) {
        const expected = [ids[n] ?? ''];
        for (const query of [{ tag: name }, { key: name }, { event: name }, { recipient: `x${name}` }]) {
          await trial.finds(query, expected);
        }
        await trial.finds({ relatedTo: { type: name, id: name } }, expected);
      }
    },
  },
  {
    name: 'gives whole messages, and a cursor only where more follow',
    async check(trial) {
      const ids = [(await trial.insert()).id, (await trial.insert({ tag: 'x' }, NOW + 1)).id];
      const first = await trial.store.find({ service: SERVICE }, { limit: 1 });
      assert.equal(typeof first.cursor, 'string', 'the cursor of a page that others follow');
      await trial.has(ids[1] ?? '', first.messages[0] ?? {});
      const last = await trial.store.find({ service: SERVICE }, { limit: 1, cursor: first.cursor });
      await trial.has(ids[0] ?? '', last.messages[0] ?? {});
      assert.equal(last.cursor, undefined, 'the cursor of the last page');
      const all = await trial.store.find({ service: SERVICE }, { limit: 2 });
      assert.deepEqual([all.messages.length, all.cursor], [2, undefined], 'messages that fill one page');
      const none = await trial.store.find({ service: 'blog' }, { limit: 2 });
      assert.deepEqual([none.messages, none.cursor], [[], undefined]);
    },
  },
  {
    name: 'gives each message on one page, while others come in and go',
    async check(trial) {
      const tag = 'invoice';
      const ids: string[] = [];
      for (let n = 0; n < MANY; n++) ids.push((await trial.insert({ tag }, NOW + Math.floor(n / 5))).id);
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await trial.store.find({ service: SERVICE, tag }, { limit: PAGE, cursor });
        const onPage = idsOf(page.messages);
        assert.ok(onPage.length <= PAGE, `a page must have ${PAGE} messages at most, not ${onPage.length}`);
        found.push(...onPage);
        cursor = page.cursor;
        assert.ok(found.length <= MANY, `pages must have ${MANY} messages together, not ${found.length}`);
        // The message that a cursor may stand for goes, and two others come.
        const last = onPage.at(-1) ?? '';
        const held = await trial.claim({ now: NOW + MINUTE });
        for (const { id, token } of held) {
          await trial.settle({ id, token, state: id === last ? 'DEBUG' : 'WAITING' }, NOW + MINUTE);
        }
        const purge = { service: SERVICE, ages: { DEBUG: 0 }, limit: 1, now: NOW + MINUTE + 1 };
        assert.equal(await trial.store.purge(purge), 1, 'the message that was found last goes');
        await trial.insertMany(2, { tag }, NOW + 2 * MINUTE);
      } while (cursor !== undefined);
      assert.equal(new Set(found).size, found.length, 'no message is on two pages');
      assert.deepEqual(found.toSorted(), ids.toSorted());
      const times = found.map((id) => Math.floor(ids.indexOf(id) / 5));
      assert.deepEqual(
        times,
        times.toSorted((one, other) => other - one),
        'the newest come first',
      );
    },
  },
];

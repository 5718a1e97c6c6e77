import { tables } from '../sql/names.js';
import { readable, repeatable, waiting } from '../sql/states.js';
import type { MessageStore, Now, ReadMark } from '../store.js';
import type { Run } from './clients.js';
import { now } from './clock.js';
import { byId, listed, paddedToPower, portions } from './lists.js';

/** Makes messages that wait `CANCELLED`, in a transaction. @returns their ids */
export async function cancel(run: Run, of: Parameters<MessageStore['cancel']>[0], at: Now): Promise<readonly string[]> {
  const [which, value, index] =
    'id' in of ? ['id = ?', of.id, 'PRIMARY'] : ['waiting_key = ?', of.key, 'pushrail_messages_waiting_key'];
  const { rows } = await run<{ readonly id: string }>(
    `SELECT id FROM ${tables.messages} FORCE INDEX (${index})
    WHERE service = ? AND ${which} AND state IN (${waiting}) FOR UPDATE`,
    [of.service, value],
  );
  const ids = rows.map(({ id }) => id).sort();
  for (const some of portions(ids)) {
    const { places, values } = listed(some);
    const text = `UPDATE ${tables.messages} ${byId} SET state = 'CANCELLED', changed_at = ${now} WHERE id IN (${places})`;
    await run(text, [at ?? null, ...values]);
  }
  return ids;
}

/** Makes a message due. @returns whether it did */
export async function retry(run: Run, service: string, id: string, at: Now): Promise<boolean> {
  const { affected } = await run(
    `UPDATE ${tables.messages} SET state = 'WAITING', deaths = 0, changed_at = ${now}, send_after = ${now}
    WHERE id = ? AND service = ? AND state IN (${repeatable})`,
    [at ?? null, at ?? null, id, service],
  );
  return affected > 0;
}

/** Notes that a user has read messages. They are looked for without a lock. @returns how many were unread before */
export async function markRead(run: Run, mark: ReadMark, at: Now): Promise<number> {
  let marked = 0;
  for (const { which, values } of markedBy(mark)) {
    const own = [mark.service, mark.user, ...values];
    const several = await run<{ readonly id: string; readonly position: number }>(
      `SELECT m.id AS id, r.position AS position FROM ${tables.recipients} r
      JOIN ${tables.messages} m ON m.id = r.message_id
      WHERE r.service = ? AND r.user_id = ? AND r.read_at IS NULL AND ${readable('m.')} AND ${which}`,
      own,
    );
    const single = await run<{ readonly id: string }>(
      `SELECT m.id AS id FROM ${tables.messages} m
      WHERE m.service = ? AND m.user_id = ? AND m.read_at IS NULL AND ${readable('m.')} AND ${which}`,
      own,
    );
    // In one order, so that two processes do not wait for each other.
    for (const some of portions(several.rows.toSorted(byText), 256)) {
      const padded = paddedToPower(some);
      // A comparison of rows, as in `(message_id, position) IN ((?, ?))`, may read the whole index.
      const places = padded.map(() => 'message_id = ? AND position = ?').join(' OR ');
      const { affected } = await run(
        `UPDATE ${tables.recipients} ${byId} SET read_at = ${now} WHERE (${places}) AND read_at IS NULL`,
        [at ?? null, ...padded.flatMap(({ id, position }) => [id, position])],
      );
      marked += affected;
    }
    for (const some of portions(single.rows.map(({ id }) => id).sort())) {
      const { places, values } = listed(some);
      const text = `UPDATE ${tables.messages} ${byId} SET read_at = ${now} WHERE id IN (${places}) AND read_at IS NULL`;
      marked += (await run(text, [at ?? null, ...values])).affected;
    }
  }
  return marked;
}

function byText(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}

function markedBy(mark: ReadMark): readonly { readonly which: string; readonly values: readonly string[] }[] {
  if ('ids' in mark)
    return portions(mark.ids).map((some) => {
      const { places, values } = listed(some);
      return { which: `m.id IN (${places})`, values };
    });
  if ('tag' in mark) return [{ which: 'm.tag = ?', values: [mark.tag] }];
  const { type, id } = mark.relatedTo;
  const about = `EXISTS (SELECT 1 FROM ${tables.related} o
    WHERE o.message_id = m.id AND o.type = ? AND o.object_id = ?)`;
  return [{ which: about, values: [type, id] }];
}

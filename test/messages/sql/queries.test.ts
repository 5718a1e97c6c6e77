import { describe, expect, it } from 'vitest';
import { ValidationError } from '../../../src/core/errors.js';
import { cursorOf, parseCursor } from '../../../src/messages/sql/cursor.js';
import { missingMigrations } from '../../../src/messages/sql/migrations.js';
import { type Dialect, pageOf, Queries } from '../../../src/messages/sql/queries.js';
import { type MessageRow, outcomesWithout } from '../../../src/messages/sql/rows.js';

const numbered: Dialect = {
  placeholder: (number) => `$${number}`,
  ms: (column) => `ms(${column})`,
  time: (placeholder) => `time(${placeholder})`,
};

const toRead = "m.state <> 'CANCELLED' AND (m.state <> 'SKIPPED' OR m.reason IS NULL OR m.reason <> 'canSend')";

const afterColumns = (text: string): string => text.slice(text.indexOf(' FROM ') + 1);

describe('the queries of the stores in SQL', () => {
  const queries = new Queries(numbered);

  it('find by all that is named, from the table that finds the fewest', () => {
    const { text, values } = queries.find(
      {
        service: 'shop',
        recipient: 'ada',
        relatedTo: { type: 'order', id: '42' },
        states: ['SENT', 'ERROR'],
        since: 5,
      },
      11,
      '7_abc',
    );
    expect(afterColumns(text)).toBe(
      'FROM pushrail_recipients r JOIN pushrail_messages m ON m.id = r.message_id ' +
        'JOIN pushrail_related o ON o.message_id = m.id WHERE r.service = $1 AND r.user_id = $2 AND o.type = $3 ' +
        'AND o.object_id = $4 AND m.state IN ($5, $6) AND r.created_at >= time($7) ' +
        'AND (r.created_at, r.message_id) < (time($8), $9) ORDER BY r.created_at DESC, r.message_id DESC LIMIT $10',
    );
    expect(values).toEqual(['shop', 'ada', 'order', '42', 'SENT', 'ERROR', 5, 7, 'abc', 11]);
  });

  it('read times as milliseconds', () => {
    const { text } = queries.find({ service: 'shop' }, 1, undefined);
    expect(text).toContain('m.state, ms(m.created_at) AS created_at,');
  });

  it('count by the same terms', () => {
    expect(queries.count({ service: 'shop', tag: 'a', event: 'b', key: 'c', states: ['SENT'], until: 9 })).toEqual({
      text:
        'SELECT count(*) AS count FROM pushrail_messages m WHERE m.service = $1 AND m.tag = $2 AND m.event = $3 ' +
        'AND m.message_key = $4 AND m.state = $5 AND m.created_at < time($6)',
      values: ['shop', 'a', 'b', 'c', 'SENT', 9],
    });
    expect(queries.count({ service: 'shop', states: [] }).text).toContain('1 = 0');
  });

  it('find what is for a user in both tables, where a row may name its one user', () => {
    const placed = { ...numbered, placeholder: () => '?', limit: String, keepsOneUser: true };
    const inBoth = new Queries(placed);
    const { text, values } = inBoth.find({ service: 'shop', recipient: 'ada', tag: 'a' }, 11, '7_abc');
    const [first, second, end] = text.split(/ UNION ALL |(?= ORDER BY created_at)/);
    expect(afterColumns(first ?? '')).toBe(
      'FROM pushrail_recipients r JOIN pushrail_messages m ON m.id = r.message_id WHERE r.service = ? AND r.user_id = ? ' +
        'AND m.tag = ? AND (r.created_at, r.message_id) < (time(?), ?) ORDER BY r.created_at DESC, r.message_id DESC LIMIT 11)',
    );
    expect(afterColumns(second ?? '')).toBe(
      'FROM pushrail_messages m WHERE m.service = ? AND m.user_id = ? AND m.tag = ? AND (m.created_at, m.id) < (time(?), ?) ' +
        'ORDER BY m.created_at DESC, m.id DESC LIMIT 11)',
    );
    expect(end).toBe(' ORDER BY created_at DESC, id DESC LIMIT 11');
    expect(values).toEqual(['shop', 'ada', 'a', 7, 'abc', 'shop', 'ada', 'a', 7, 'abc']);
    expect(inBoth.unreadCount('shop', 'ada')).toEqual({
      text:
        'SELECT (SELECT count(*) AS count FROM pushrail_recipients r JOIN pushrail_messages m ON m.id = r.message_id ' +
        `WHERE r.service = ? AND r.user_id = ? AND r.read_at IS NULL AND ${toRead}) + ` +
        '(SELECT count(*) AS count FROM pushrail_messages m WHERE m.service = ? AND m.user_id = ? ' +
        `AND m.read_at IS NULL AND ${toRead}) AS count`,
      values: ['shop', 'ada', 'shop', 'ada'],
    });
  });

  it('ask for what a user has not read', () => {
    expect(queries.unreadCount('shop', 'ada')).toEqual({
      text:
        'SELECT count(*) AS count FROM pushrail_recipients r JOIN pushrail_messages m ON m.id = r.message_id ' +
        `WHERE r.service = $1 AND r.user_id = $2 AND r.read_at IS NULL AND ${toRead}`,
      values: ['shop', 'ada'],
    });
  });

  it('tell the cursor of the page that follows, if there is one', () => {
    const rows = [3, 2, 1].map((created_at) => ({ created_at, id: `id${created_at}` }) as MessageRow);
    expect(pageOf(rows, 2)).toEqual({ rows: rows.slice(0, 2), cursor: '2_id2' });
    expect(pageOf(rows, 3)).toEqual({ rows, cursor: undefined });
    expect(parseCursor(cursorOf({ created_at: 2, id: 'a_b' }))).toEqual({ createdAt: 2, id: 'a_b' });
  });

  it.each(['', 'x', '12', '1_', `${'9'.repeat(20)}_a`])('refuse %j as a cursor', (cursor) => {
    expect(() => parseCursor(cursor)).toThrow(ValidationError);
  });
});

it('tells the migrations that are missing, whatever else was made', () => {
  const all = ['1', '2', '3'].map((name) => ({ name, statements: [] }));
  expect(missingMigrations(all, ['1', '9']).map(({ name }) => name)).toEqual(['2', '3']);
});

it('takes a user out of outcomes', () => {
  const outcome = { state: 'accepted', at: 1 } as const;
  expect(
    outcomesWithout(
      [
        { ...outcome, channels: ['a', 'b'], users: ['ada', 'bob'], info: { a: { id: '1' }, b: { id: '2' } } },
        { ...outcome, channels: ['c'], users: ['ada'] },
        { ...outcome, channels: ['d'] },
      ],
      'ada',
    ),
  ).toEqual([
    { ...outcome, channels: ['b'], users: ['bob'], info: { b: { id: '2' } } },
    { ...outcome, channels: ['d'] },
  ]);
});

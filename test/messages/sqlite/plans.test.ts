import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { Queries, type Statement } from '../../../src/messages/sql/queries.js';
import { migrations } from '../../../src/messages/sqlite/schema.js';
import { dialect, type StatementName, statements } from '../../../src/messages/sqlite/statements.js';
import type { StoreQuery } from '../../../src/messages/store.js';

/** Statements that write rows without a search for others. */
const inserts = ['insert', 'insertRecipients', 'insertRelated', 'takeKey', 'raiseTemplate', 'insertTemplate'];
/** The index of each statement that the background runs while nothing happens, and of those that search by more. */
const indexes: Partial<Record<StatementName, string>> = {
  anyLost: 'pushrail_messages_leased (service=? AND lease_until<?)',
  anyDue: 'pushrail_messages_due (service=? AND priority=? AND send_after<?)',
  claimLost: 'pushrail_messages_leased (service=? AND lease_until<?)',
  claimDue: 'pushrail_messages_due (service=? AND priority=? AND send_after<?)',
  claimLostOf: 'sqlite_autoindex_pushrail_messages_1 (id=?)',
  claimDueOf: 'sqlite_autoindex_pushrail_messages_1 (id=?)',
  lost: 'pushrail_messages_leased (service=? AND lease_until<?)',
  due: 'pushrail_messages_due (service=? AND priority=? AND send_after<?)',
  get: 'sqlite_autoindex_pushrail_messages_1 (id=?)',
  cancelKey: 'pushrail_messages_waiting_key (service=? AND message_key=?)',
  readIds: 'pushrail_recipients_unread (service=? AND user_id=? AND created_at=? AND message_id=?)',
  readTag: 'pushrail_recipients_unread (service=? AND user_id=?)',
  readRelated: 'pushrail_recipients_unread (service=? AND user_id=?)',
  old: 'pushrail_messages_changed (service=? AND state=? AND changed_at<?)',
  removeKeys: 'pushrail_idempotency_expires (service=? AND expires_at<?)',
  unclaimed: 'pushrail_messages_conditional (service=? AND condition_name=? AND send_after<?)',
  latestTemplate: 'SEARCH t USING PRIMARY KEY (service=? AND slug=?)',
  templateVersion: 'pushrail_template_versions_1 (service=? AND slug=? AND version=?)',
  listTemplates: 'SEARCH t USING PRIMARY KEY (service=? AND slug>?)',
  removeTemplate: 'USING PRIMARY KEY (service=? AND slug=?)',
  activateTemplate: 'pushrail_template_versions_1 (service=? AND slug=? AND version=?)',
};

const database = new DatabaseSync(':memory:');
for (const { statements: steps } of migrations) for (const step of steps) database.exec(step);

function planOf(text: string): string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${text}`)
    .all()
    .map(({ detail }) => String(detail));
}

/** What reads a table from its beginning to its end. */
const scans = (plan: readonly string[]): readonly string[] =>
  plan.filter((step) => /^SCAN (?!json_each |names$)/.test(step));

describe('the statements of sqliteMessages', () => {
  const names = (Object.keys(statements) as StatementName[]).filter((name) => !inserts.includes(name));

  it.each(names)('%s: by an index', (name) => {
    const plan = planOf(statements[name]);
    expect(scans(plan)).toEqual([]);
    expect(plan.join('\n')).toMatch(/^SEARCH /m);
    expect(plan.join('\n')).toContain(indexes[name] ?? '');
    expect(plan.join('\n')).not.toContain('TEMP B-TREE');
  });

  const queries = new Queries(dialect);
  const find = (query: Partial<StoreQuery>, cursor?: string): Statement =>
    queries.find({ service: 'shop', ...query }, 10, cursor);
  const relatedTo = { type: 'order', id: '42' };

  it.each<[string, Statement]>([
    ['all', find({})],
    ['all, from a cursor on', find({}, '5_a')],
    ['by state', find({ states: ['ERROR'] })],
    ['by state, from a cursor on', find({ states: ['ERROR'] }, '5_a')],
    ['by tag', find({ tag: 'a' })],
    ['by event', find({ event: 'a' })],
    ['by key', find({ key: 'a' }, '5_a')],
    ['by related object', find({ relatedTo })],
    ['by recipient', find({ recipient: 'ada' }, '5_a')],
    ['by recipient, object and state', find({ recipient: 'ada', relatedTo, states: ['ERROR', 'SENT'] })],
    ['since and until', find({ since: 1, until: 2 })],
    ['unread', queries.unread('shop', 'ada', 10, '5_a')],
  ])('find %s: by an index, in its order', (_, { text }) => {
    const plan = planOf(text);
    expect(scans(plan)).toEqual([]);
    expect(plan.join('\n')).not.toContain('TEMP B-TREE');
    expect(plan.join('\n')).toMatch(/^SEARCH \w USING (COVERING )?INDEX \w+ \(service=\?/m);
  });

  it('find by tag, key, event and state use the index of that', () => {
    const plans = [{ tag: 'a' }, { key: 'a' }, { event: 'a' }, { states: ['SENT' as const] }].map((query) =>
      planOf(find(query).text),
    );
    expect(plans).toEqual(
      ['tag', 'key', 'event', 'state'].map((name) => [
        expect.stringContaining(`pushrail_messages_${name} (service=? AND`),
      ]),
    );
  });
});

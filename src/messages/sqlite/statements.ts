import { messageColumns, tables } from '../sql/names.js';
import type { Dialect } from '../sql/queries.js';
import { readable } from '../sql/states.js';
import { templateStatements } from '../sql/templates.js';
import { WAITS } from './schema.js';

/** How SQLite writes what differs from other databases. */
export const dialect: Dialect = { placeholder: () => '?', ms: (column) => column, time: (placeholder) => placeholder };

// Lists are handed over as JSON, so that a statement has one text for any length and stays prepared. What belongs to an
// index's `WHERE` stands in the words of the index.

const { messages, recipients, related, outcomes, idempotency, templateVersions } = tables;
const returned = `${messageColumns.join(', ')}, rowid AS place`;
const found = 'id, state, priority, attempts, deaths';
const listed = '(SELECT value FROM json_each(?))';
const isKnown = `(condition_name IS NULL OR condition_name IN ${listed})`;
const isLost = `state = 'SENDING' AND service = ? AND lease_until <= ? AND ${isKnown}`;
const isDue = `${WAITS} AND service = ? AND priority = ? AND send_after <= ? AND ${isKnown}`;
const isConditional = `${WAITS} AND condition_name IS NOT NULL AND service = ?`;
const isHeld = `state = 'SENDING' AND lease_token = ?`;
const toRead = `SELECT 1 FROM ${messages} m WHERE m.id = ${recipients}.message_id AND ${readable('m.')}`;
const inserted = messageColumns.filter((name) => !['deaths', 'sent_at', 'outcomes'].includes(name));
const templates = templateStatements(dialect);
const markRead = `UPDATE ${recipients} SET read_at = ? WHERE service = ? AND user_id = ? AND read_at IS NULL`;

/** The columns that an insert gives values for; the others have their defaults. */
export const insertedColumns: readonly string[] = inserted;

export type StatementName =
  | 'insert'
  | 'insertRecipients'
  | 'insertRelated'
  | 'takeKey'
  | 'keyOwner'
  | 'anyLost'
  | 'anyDue'
  | 'claimLost'
  | 'claimDue'
  | 'claimLostOf'
  | 'claimDueOf'
  | 'lost'
  | 'due'
  | 'begin'
  | 'renew'
  | 'append'
  | 'settle'
  | 'get'
  | 'usersOf'
  | 'appendedTo'
  | 'readers'
  | 'cancelId'
  | 'cancelKey'
  | 'retry'
  | 'readIds'
  | 'readTag'
  | 'readRelated'
  | 'old'
  | 'removeMessages'
  | 'removeRecipients'
  | 'removeRelated'
  | 'removeOutcomes'
  | 'removeKeys'
  | 'messagesOf'
  | 'removeUser'
  | 'outcomesOf'
  | 'setOutcomes'
  | 'setAppended'
  | 'removeAppended'
  | 'unclaimed'
  | 'raiseTemplate'
  | 'insertTemplate'
  | 'latestTemplate'
  | 'templateVersion'
  | 'listTemplates'
  | 'removeTemplate'
  | 'activateTemplate';

/** The statements, which stay prepared. A `?` stands for each value, in the order of the text. */
export const statements: Readonly<Record<StatementName, string>> = {
  insert: `INSERT INTO ${messages} (${inserted.join(', ')}) VALUES (${inserted.map(() => '?').join(', ')})`,
  insertRecipients: `INSERT INTO ${recipients} (message_id, service, created_at, position, user_id)
    SELECT ?, ?, ?, key, value FROM json_each(?)`,
  insertRelated: `INSERT INTO ${related} (message_id, service, created_at, type, object_id) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`,
  // A key that has ended goes to the new message.
  takeKey: `INSERT INTO ${idempotency} (service, key, digest, message_id, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (service, key) DO UPDATE
    SET digest = excluded.digest, message_id = excluded.message_id, expires_at = excluded.expires_at
    WHERE expires_at <= ? RETURNING message_id`,
  keyOwner: `SELECT message_id, digest FROM ${idempotency} WHERE service = ? AND key = ?`,

  anyLost: `SELECT 1 FROM ${messages} WHERE ${isLost} LIMIT 1`,
  anyDue: `SELECT 1 FROM ${messages} WHERE ${isDue} LIMIT 1`,
  claimLost: `UPDATE ${messages}
    SET changed_at = ?, deaths = deaths + is_begun, is_begun = 0, lease_token = ?, lease_until = ?
    WHERE rowid = (SELECT rowid FROM ${messages} WHERE ${isLost} ORDER BY lease_until LIMIT 1) RETURNING ${returned}`,
  claimDue: `UPDATE ${messages}
    SET state = 'SENDING', changed_at = ?, is_begun = 1, lease_token = ?, lease_until = ?
    WHERE rowid IN (SELECT rowid FROM ${messages} WHERE ${isDue} ORDER BY send_after, condition_name, rowid LIMIT ?)
    RETURNING ${returned}`,
  // With the plus, the ids are looked up, and not all that the service has.
  claimLostOf: `UPDATE ${messages}
    SET changed_at = ?, deaths = deaths + is_begun, is_begun = 0, lease_token = ?, lease_until = ?
    WHERE rowid = (SELECT rowid FROM ${messages}
      WHERE state = 'SENDING' AND +service = ? AND +lease_until <= ? AND ${isKnown} AND id IN ${listed} LIMIT 1)
    RETURNING ${returned}`,
  claimDueOf: `UPDATE ${messages}
    SET state = 'SENDING', changed_at = ?, is_begun = 1, lease_token = ?, lease_until = ?
    WHERE rowid IN (SELECT rowid FROM ${messages}
      WHERE ${WAITS} AND +service = ? AND +send_after <= ? AND ${isKnown} AND id IN ${listed} LIMIT ?)
    RETURNING ${returned}`,
  lost: `SELECT ${found} FROM ${messages} WHERE ${isLost} ORDER BY lease_until LIMIT ?`,
  due: `SELECT ${found} FROM ${messages} WHERE ${isDue} ORDER BY send_after, condition_name, rowid LIMIT ?`,
  begin: `UPDATE ${messages} SET is_begun = 1 WHERE ${isHeld} AND id IN ${listed}`,
  renew: `UPDATE ${messages} SET lease_until = ? WHERE ${isHeld} AND id IN ${listed} RETURNING id`,
  append: `INSERT INTO ${outcomes} (message_id, number, outcome)
    SELECT id, (SELECT coalesce(max(number), 0) + 1 FROM ${outcomes} WHERE message_id = id), ?
    FROM ${messages} WHERE id = ?`,
  settle: `UPDATE ${messages}
    SET state = ?, changed_at = ?, sent_at = coalesce(?, sent_at), attempts = ?, send_after = coalesce(?, send_after),
      retry_sending = ?, backend = ?, error = ?, reason = ?, outcomes = ?,
      content = CASE WHEN ? THEN '' ELSE content END, is_begun = 0, lease_token = NULL, lease_until = NULL
    WHERE ${isHeld} AND id = ?`,

  // With the plus, the ids are looked up, and not all messages of the service.
  get: `SELECT ${messageColumns.join(', ')} FROM ${messages} WHERE +service = ? AND id IN ${listed}`,
  usersOf: `SELECT message_id, user_id AS value FROM ${recipients} WHERE message_id IN ${listed}
    ORDER BY message_id, position`,
  appendedTo: `SELECT message_id, outcome AS value FROM ${outcomes} WHERE message_id IN ${listed}
    ORDER BY message_id, number`,
  readers: `SELECT message_id, user_id AS value FROM ${recipients}
    WHERE message_id IN ${listed} AND read_at IS NOT NULL ORDER BY message_id, position`,

  cancelId: `UPDATE ${messages} SET state = 'CANCELLED', changed_at = ?
    WHERE ${WAITS} AND service = ? AND id = ? RETURNING id`,
  cancelKey: `UPDATE ${messages} SET state = 'CANCELLED', changed_at = ?
    WHERE ${WAITS} AND service = ? AND message_key = ? RETURNING id`,
  retry: `UPDATE ${messages} SET state = 'WAITING', deaths = 0, changed_at = ?, send_after = ?
    WHERE service = ? AND id = ? AND state IN ${listed}`,
  // With the time, each is found among the user's unread ones.
  readIds: `${markRead} AND (created_at, message_id) IN
    (SELECT created_at, id FROM ${messages} WHERE id IN ${listed} AND ${readable('')})`,
  readTag: `${markRead} AND EXISTS (${toRead} AND m.tag = ?)`,
  readRelated: `${markRead} AND EXISTS (${toRead}) AND EXISTS (SELECT 1 FROM ${related} o
    WHERE o.message_id = ${recipients}.message_id AND o.type = ? AND o.object_id = ?)`,

  old: `SELECT id FROM ${messages} WHERE service = ? AND state = ? AND changed_at <= ? ORDER BY changed_at LIMIT ?`,
  removeMessages: `DELETE FROM ${messages} WHERE id IN ${listed}`,
  removeRecipients: `DELETE FROM ${recipients} WHERE message_id IN ${listed}`,
  removeRelated: `DELETE FROM ${related} WHERE message_id IN ${listed}`,
  removeOutcomes: `DELETE FROM ${outcomes} WHERE message_id IN ${listed}`,
  removeKeys: `DELETE FROM ${idempotency} WHERE rowid IN
    (SELECT rowid FROM ${idempotency} WHERE service = ? AND expires_at <= ? LIMIT ?)`,
  messagesOf: `SELECT r.message_id, EXISTS (SELECT 1 FROM ${recipients} o
      WHERE o.message_id = r.message_id AND o.user_id <> r.user_id) AS is_shared
    FROM ${recipients} r WHERE r.service = ? AND r.user_id = ?`,
  removeUser: `DELETE FROM ${recipients} WHERE service = ? AND user_id = ?`,
  outcomesOf: `SELECT id AS message_id, NULL AS number, outcomes AS value FROM ${messages}
      WHERE id IN ${listed} AND outcomes IS NOT NULL
    UNION ALL SELECT message_id, number, outcome FROM ${outcomes} WHERE message_id IN ${listed}`,
  setOutcomes: `UPDATE ${messages} SET outcomes = ? WHERE id = ?`,
  setAppended: `UPDATE ${outcomes} SET outcome = ? WHERE message_id = ? AND number = ?`,
  removeAppended: `DELETE FROM ${outcomes} WHERE message_id = ? AND number = ?`,

  // From name to name, each by index, so that a million that are not yet due cost nothing.
  unclaimed: `WITH RECURSIVE names (name) AS (
      SELECT min(condition_name) FROM ${messages} WHERE ${isConditional}
      UNION ALL
      SELECT (SELECT min(condition_name) FROM ${messages} WHERE ${isConditional} AND condition_name > name)
      FROM names WHERE name IS NOT NULL)
    SELECT name, (SELECT count(*) FROM ${messages}
      WHERE ${isConditional} AND condition_name = name AND send_after <= ?) AS count
    FROM names WHERE name IS NOT NULL AND name NOT IN ${listed}`,

  raiseTemplate: templates.raise,
  insertTemplate: `INSERT INTO ${templateVersions} (service, slug, version, is_active, content, created_at)
    VALUES (?, ?, ?, COALESCE(?, (SELECT is_active FROM ${templateVersions}
      WHERE service = ? AND slug = ? AND version = ?), TRUE), ?, ?) RETURNING is_active`,
  latestTemplate: templates.latest,
  templateVersion: templates.version,
  listTemplates: templates.list(0),
  removeTemplate: templates.remove,
  activateTemplate: templates.activate,
};

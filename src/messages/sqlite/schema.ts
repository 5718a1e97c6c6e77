import type { Migration } from '../sql/migrations.js';

/** The states in which a message waits, as every statement writes them: a partial index fits no other words. */
export const WAITS = `state IN ('WAITING', 'ERROR_RETRY')`;

/** The tables. Times are integers: milliseconds since the epoch. */
export const migrations: readonly Migration[] = [
  {
    name: '0001_messages',
    statements: [
      `CREATE TABLE pushrail_messages (
        id TEXT NOT NULL PRIMARY KEY,
        service TEXT NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        sent_at INTEGER,
        send_after INTEGER NOT NULL,
        expires_at INTEGER,
        event TEXT NOT NULL,
        priority INTEGER NOT NULL,
        tag TEXT,
        message_key TEXT,
        condition_name TEXT,
        channels TEXT,
        related TEXT NOT NULL,
        content TEXT NOT NULL,
        details TEXT NOT NULL,
        idempotency_key TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        deaths INTEGER NOT NULL DEFAULT 0,
        is_begun INTEGER NOT NULL DEFAULT 0,
        retry_sending INTEGER NOT NULL DEFAULT 0,
        backend TEXT,
        error TEXT,
        reason TEXT,
        outcomes TEXT,
        lease_token TEXT,
        lease_until INTEGER
      ) STRICT`,
      // Those for the background hold what waits or is being sent, and nothing of a million that were sent.
      `CREATE INDEX pushrail_messages_due ON pushrail_messages (service, priority, send_after, condition_name)
        WHERE ${WAITS}`,
      `CREATE INDEX pushrail_messages_leased ON pushrail_messages (service, lease_until, condition_name)
        WHERE state = 'SENDING'`,
      `CREATE INDEX pushrail_messages_conditional ON pushrail_messages (service, condition_name, send_after)
        WHERE ${WAITS} AND condition_name IS NOT NULL`,
      `CREATE INDEX pushrail_messages_waiting_key ON pushrail_messages (service, message_key)
        WHERE ${WAITS} AND message_key IS NOT NULL`,
      'CREATE INDEX pushrail_messages_changed ON pushrail_messages (service, state, changed_at)',
      // Those for searches, which list the newest first.
      'CREATE INDEX pushrail_messages_created ON pushrail_messages (service, created_at, id)',
      'CREATE INDEX pushrail_messages_state ON pushrail_messages (service, state, created_at, id)',
      'CREATE INDEX pushrail_messages_event ON pushrail_messages (service, event, created_at, id)',
      `CREATE INDEX pushrail_messages_tag ON pushrail_messages (service, tag, created_at, id)
        WHERE tag IS NOT NULL`,
      `CREATE INDEX pushrail_messages_key ON pushrail_messages (service, message_key, created_at, id)
        WHERE message_key IS NOT NULL`,
      `CREATE TABLE pushrail_recipients (
        message_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        service TEXT NOT NULL,
        user_id TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        read_at INTEGER,
        seen_at INTEGER,
        acknowledged_at INTEGER,
        PRIMARY KEY (message_id, position)
      ) STRICT, WITHOUT ROWID`,
      `CREATE INDEX pushrail_recipients_user ON pushrail_recipients (service, user_id, created_at, message_id)`,
      `CREATE INDEX pushrail_recipients_unread ON pushrail_recipients (service, user_id, created_at, message_id)
        WHERE read_at IS NULL`,
      `CREATE TABLE pushrail_related (
        message_id TEXT NOT NULL,
        type TEXT NOT NULL,
        object_id TEXT NOT NULL,
        service TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (message_id, type, object_id)
      ) STRICT, WITHOUT ROWID`,
      `CREATE INDEX pushrail_related_object
        ON pushrail_related (service, type, object_id, created_at, message_id)`,
      `CREATE TABLE pushrail_outcomes (
        message_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        PRIMARY KEY (message_id, number)
      ) STRICT`,
      `CREATE TABLE pushrail_idempotency (
        service TEXT NOT NULL,
        key TEXT NOT NULL,
        digest TEXT NOT NULL,
        message_id TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (service, key)
      ) STRICT`,
      'CREATE INDEX pushrail_idempotency_expires ON pushrail_idempotency (service, expires_at)',
    ],
  },
  {
    name: '0002_templates',
    statements: [
      `CREATE TABLE pushrail_templates (
        service TEXT NOT NULL,
        slug TEXT NOT NULL,
        version INTEGER NOT NULL,
        is_removed INTEGER NOT NULL,
        PRIMARY KEY (service, slug)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE pushrail_template_versions (
        service TEXT NOT NULL,
        slug TEXT NOT NULL,
        version INTEGER NOT NULL,
        is_active INTEGER NOT NULL,
        content TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (service, slug, version)
      ) STRICT`,
    ],
  },
];

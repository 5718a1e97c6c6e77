import type { Migration } from '../sql/migrations.js';

// There are no partial indexes: columns that are made of others, and null where a message is of no interest, take their
// place. An index has the nulls at one end, where no search comes by. There are no foreign keys: they cost a look-up
// and a lock for each recipient, and what is removed is removed by the statements of this store. Where a message is for
// one user, as most are, its row names the user, and no other table does: one statement records it.

/** Stands for the collation: `Ann` and `ann`, `a` and `a ` are different users, which most collations take for one. */
export const COLLATION = '{collation}';

const options = `ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=${COLLATION} ROW_FORMAT=DYNAMIC`;
const waits = `state IN ('WAITING', 'ERROR_RETRY')`;

/** The lengths of columns whose texts the caller chooses, in characters. */
export const lengths = { name: 255, user: 400, type: 150 } as const;
const { name, user, type } = lengths;

/** The steps of the schema, in their order. Those that were released never change. */
export const migrations: readonly Migration[] = [
  {
    name: '0001_messages',
    statements: [
      `CREATE TABLE pushrail_messages (
        id VARCHAR(36) NOT NULL PRIMARY KEY,
        service VARCHAR(${name}) NOT NULL,
        state VARCHAR(16) NOT NULL,
        created_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        sent_at BIGINT,
        send_after BIGINT NOT NULL,
        expires_at BIGINT,
        event VARCHAR(${name}) NOT NULL,
        priority TINYINT NOT NULL,
        tag VARCHAR(${name}),
        message_key VARCHAR(${name}),
        condition_name VARCHAR(${name}),
        channels LONGTEXT,
        related LONGTEXT NOT NULL,
        content LONGTEXT NOT NULL,
        details LONGTEXT NOT NULL,
        idempotency_key VARCHAR(${name}),
        attempts INT NOT NULL DEFAULT 0,
        deaths INT NOT NULL DEFAULT 0,
        is_begun TINYINT NOT NULL DEFAULT 0,
        retry_sending TINYINT NOT NULL DEFAULT 0,
        backend LONGTEXT,
        error LONGTEXT,
        reason LONGTEXT,
        outcomes LONGTEXT,
        lease_token VARCHAR(${name}),
        lease_until BIGINT,
        due_at BIGINT GENERATED ALWAYS AS (CASE WHEN ${waits} THEN send_after END) STORED,
        asked_at BIGINT GENERATED ALWAYS AS
          (CASE WHEN ${waits} AND condition_name IS NOT NULL THEN send_after END) STORED,
        user_id VARCHAR(${user}),
        read_at BIGINT,
        seen_at BIGINT,
        acknowledged_at BIGINT,
        waiting_key VARCHAR(${name}) GENERATED ALWAYS AS (CASE WHEN ${waits} THEN message_key END) STORED,
        INDEX pushrail_messages_due (service, priority, due_at, id),
        INDEX pushrail_messages_asked (service, asked_at, condition_name),
        INDEX pushrail_messages_waiting_key (service, waiting_key),
        INDEX pushrail_messages_leases (service, lease_until),
        INDEX pushrail_messages_changed (service, state, changed_at),
        INDEX pushrail_messages_created (service, created_at, id),
        INDEX pushrail_messages_event (service, event, created_at, id),
        INDEX pushrail_messages_tag (service, tag, created_at, id),
        INDEX pushrail_messages_key (service, message_key, created_at, id),
        INDEX pushrail_messages_user (service, user_id, created_at, id),
        INDEX pushrail_messages_unread (service, user_id, read_at, created_at, id)
      ) ${options}`,
      `CREATE TABLE pushrail_recipients (
        message_id VARCHAR(36) NOT NULL,
        position INT NOT NULL,
        service VARCHAR(${name}) NOT NULL,
        user_id VARCHAR(${user}) NOT NULL,
        created_at BIGINT NOT NULL,
        read_at BIGINT,
        seen_at BIGINT,
        acknowledged_at BIGINT,
        PRIMARY KEY (message_id, position),
        INDEX pushrail_recipients_user (service, user_id, created_at, message_id),
        INDEX pushrail_recipients_unread (service, user_id, read_at, created_at, message_id)
      ) ${options}`,
      `CREATE TABLE pushrail_related (
        message_id VARCHAR(36) NOT NULL,
        service VARCHAR(${name}) NOT NULL,
        type VARCHAR(${type}) NOT NULL,
        object_id VARCHAR(${name}) NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (message_id, type, object_id),
        INDEX pushrail_related_object (service, type, object_id, created_at, message_id)
      ) ${options}`,
      `CREATE TABLE pushrail_outcomes (
        number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        message_id VARCHAR(36) NOT NULL,
        outcome LONGTEXT NOT NULL,
        INDEX pushrail_outcomes_message (message_id, number)
      ) ${options}`,
      `CREATE TABLE pushrail_idempotency (
        service VARCHAR(${name}) NOT NULL,
        \`key\` VARCHAR(${name}) NOT NULL,
        digest VARCHAR(${name}) NOT NULL,
        message_id VARCHAR(36) NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (service, \`key\`),
        INDEX pushrail_idempotency_expires (service, expires_at)
      ) ${options}`,
    ],
  },
  {
    name: '0002_templates',
    statements: [
      `CREATE TABLE pushrail_templates (
        service VARCHAR(${name}) NOT NULL,
        slug VARCHAR(${name}) NOT NULL,
        version INT NOT NULL,
        is_removed TINYINT NOT NULL,
        PRIMARY KEY (service, slug)
      ) ${options}`,
      `CREATE TABLE pushrail_template_versions (
        service VARCHAR(${name}) NOT NULL,
        slug VARCHAR(${name}) NOT NULL,
        version INT NOT NULL,
        is_active TINYINT NOT NULL,
        content LONGTEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (service, slug, version)
      ) ${options}`,
    ],
  },
];

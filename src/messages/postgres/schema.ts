import type { Migration } from '../sql/migrations.js';

// Texts of JSON are `text`, not `jsonb`: that refuses the escape of the character NUL, which data may hold. There are
// no foreign keys: they cost a look-up for each recipient, and what is removed is removed by the statements of this
// store.

/** The steps of the schema, in their order. Those that were released never change. */
export const migrations: readonly Migration[] = [
  {
    name: '0001_messages',
    statements: [
      `CREATE TABLE pushrail_messages (
        id uuid PRIMARY KEY,
        service text NOT NULL,
        state text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        changed_at timestamptz(3) NOT NULL,
        sent_at timestamptz(3),
        send_after timestamptz(3) NOT NULL,
        expires_at timestamptz(3),
        event text NOT NULL,
        priority smallint NOT NULL,
        tag text,
        message_key text,
        condition_name text,
        channels text,
        related text NOT NULL,
        content text NOT NULL,
        details text NOT NULL,
        idempotency_key text,
        attempts integer NOT NULL DEFAULT 0,
        deaths integer NOT NULL DEFAULT 0,
        is_begun boolean NOT NULL DEFAULT false,
        retry_sending boolean NOT NULL DEFAULT false,
        backend text,
        error text,
        reason text,
        outcomes text,
        lease_token text,
        lease_until timestamptz(3)
      )`,
      `CREATE INDEX pushrail_messages_due ON pushrail_messages (service, priority, send_after, id)
        WHERE state IN ('WAITING', 'ERROR_RETRY')`,
      `CREATE INDEX pushrail_messages_conditions ON pushrail_messages (service, send_after, condition_name)
        WHERE state IN ('WAITING', 'ERROR_RETRY') AND condition_name IS NOT NULL`,
      `CREATE INDEX pushrail_messages_leases ON pushrail_messages (service, lease_until) WHERE state = 'SENDING'`,
      `CREATE INDEX pushrail_messages_ended ON pushrail_messages (service, state, changed_at)
        WHERE state NOT IN ('WAITING', 'ERROR_RETRY', 'SENDING')`,
      'CREATE INDEX pushrail_messages_created ON pushrail_messages (service, created_at, id)',
      `CREATE INDEX pushrail_messages_tag ON pushrail_messages (service, tag, created_at, id) WHERE tag IS NOT NULL`,
      `CREATE INDEX pushrail_messages_key ON pushrail_messages (service, message_key, created_at, id)
        WHERE message_key IS NOT NULL`,
      `CREATE TABLE pushrail_recipients (
        message_id uuid NOT NULL,
        position integer NOT NULL,
        service text NOT NULL,
        user_id text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        read_at timestamptz(3),
        seen_at timestamptz(3),
        acknowledged_at timestamptz(3),
        PRIMARY KEY (message_id, position)
      )`,
      'CREATE INDEX pushrail_recipients_user ON pushrail_recipients (service, user_id, created_at, message_id)',
      `CREATE INDEX pushrail_recipients_unread ON pushrail_recipients (service, user_id, created_at, message_id)
        WHERE read_at IS NULL`,
      `CREATE TABLE pushrail_related (
        message_id uuid NOT NULL,
        service text NOT NULL,
        type text NOT NULL,
        object_id text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        PRIMARY KEY (message_id, type, object_id)
      )`,
      'CREATE INDEX pushrail_related_object ON pushrail_related (service, type, object_id, created_at, message_id)',
      `CREATE TABLE pushrail_outcomes (
        message_id uuid NOT NULL,
        number bigint GENERATED ALWAYS AS IDENTITY,
        outcome text NOT NULL,
        PRIMARY KEY (message_id, number)
      )`,
      `CREATE TABLE pushrail_idempotency (
        service text NOT NULL,
        key text NOT NULL,
        digest text NOT NULL,
        message_id uuid NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        PRIMARY KEY (service, key)
      )`,
      'CREATE INDEX pushrail_idempotency_expires ON pushrail_idempotency (service, expires_at)',
    ],
  },
  {
    name: '0002_templates',
    // Slugs are listed in one order, whatever the order of the database is.
    statements: [
      `CREATE TABLE pushrail_templates (
        service text NOT NULL,
        slug text COLLATE "C" NOT NULL,
        version integer NOT NULL,
        is_removed boolean NOT NULL,
        PRIMARY KEY (service, slug)
      )`,
      `CREATE TABLE pushrail_template_versions (
        service text NOT NULL,
        slug text COLLATE "C" NOT NULL,
        version integer NOT NULL,
        is_active boolean NOT NULL,
        content text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        PRIMARY KEY (service, slug, version)
      )`,
    ],
  },
];

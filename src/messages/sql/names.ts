// The tables are named alike in every database, so that one page of the documents holds for all of them. Times are kept
// in milliseconds: a cursor names one, and has to name it exactly. JSON is kept as text, because no query looks into
// it.

/** The tables of the stores in SQL. */
export const tables: {
  readonly messages: string;
  readonly recipients: string;
  readonly related: string;
  readonly outcomes: string;
  readonly idempotency: string;
  readonly templates: string;
  readonly templateVersions: string;
  readonly migrations: string;
} = {
  messages: 'pushrail_messages',
  // service, user_id, created_at, message_id, position, read_at, and room for seen_at and acknowledged_at. In MySQL the
  // row of a message for one user has these itself.
  recipients: 'pushrail_recipients',
  // service, type, object_id, created_at, message_id.
  related: 'pushrail_related',
  // message_id, number, outcome: what was appended.
  outcomes: 'pushrail_outcomes',
  // service, key, digest, message_id, expires_at.
  idempotency: 'pushrail_idempotency',
  // service, slug, version, is_removed: the number of the latest version. It grows, whatever is removed.
  templates: 'pushrail_templates',
  // service, slug, version, is_active, content, created_at.
  templateVersions: 'pushrail_template_versions',
  // name, made_at.
  migrations: 'pushrail_migrations',
};

/** The columns of `pushrail_messages` that are times. */
export const timeColumns: readonly string[] = [
  'created_at',
  'changed_at',
  'sent_at',
  'send_after',
  'expires_at',
  'lease_until',
];

/** All columns of `pushrail_messages`. `priority` is 2 for high, 1 for normal, 0 for low. */
export const messageColumns: readonly string[] = [
  'id',
  'service',
  'state',
  'created_at',
  'changed_at',
  'sent_at',
  'send_after',
  'expires_at',
  'event',
  'priority',
  'tag',
  'message_key',
  'condition_name',
  'channels',
  'related',
  'content',
  'details',
  'idempotency_key',
  'attempts',
  'deaths',
  'is_begun',
  'retry_sending',
  'backend',
  'error',
  'reason',
  'outcomes',
  'lease_token',
  'lease_until',
];

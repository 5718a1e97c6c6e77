/** Options of `postgresMessages`. */
export interface PostgresMessagesOptions {
  /** The schema for the tables; it must be there. @default the first one of the connection's `search_path` */
  readonly schema?: string | undefined;
  /**
   * Whether opening the store brings the tables up to date. With false, it fails where they are not, and
   * `pushrail migrate` or `migrate()` of the store does it.
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /**
   * Whether PostgreSQL tells other processes at once of messages that are recorded with `transaction` or
   * `wait: false`. Without it they ask once a second. NOTIFY takes two thirds of the rate of recording, because it
   * makes transactions commit one after the other.
   * @default false
   */
  readonly notify?: boolean | undefined;
  /** How long the database may take for a call, in milliseconds, the wait for a connection included. @default 10 000 */
  readonly timeout?: number | undefined;
  /**
   * Whether connections keep frequent statements prepared. Switch it off behind a PgBouncer before 1.21 that pools
   * transactions.
   * @default true
   */
  readonly prepare?: boolean | undefined;
}

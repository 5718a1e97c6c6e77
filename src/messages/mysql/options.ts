/** Options of `mysqlMessages`. */
export interface MysqlMessagesOptions {
  /**
   * Whether opening the store brings the tables up to date. With false, it fails where they are not, and
   * `pushrail migrate` or `migrate()` of the store does it.
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /** How long the database may take for a call, in milliseconds, the wait for a connection included. @default 10 000 */
  readonly timeout?: number | undefined;
}

import type { Dialect } from '../sql/queries.js';

// Times are BIGINT, in milliseconds since the epoch: what a DATETIME or a TIMESTAMP means depends on the time zones of
// the server, of the session and of the client, and an hour of each year is there twice.

/** How MySQL writes what differs between databases. */
export const dialect: Dialect = {
  placeholder: () => '?',
  ms: (column) => column,
  time: (placeholder) => placeholder,
  // In a prepared statement, MySQL takes nothing but an integer there, and `mysql2` sends each number as a double.
  limit: String,
  // Neither MySQL nor MariaDB searches an index for `(a, b) < (c, d)`.
  isRowComparisonSlow: true,
  keepsOneUser: true,
};

/**
 * The present by the database's clock. It is the same all over a statement, and a new one in each statement of a
 * transaction. In UTC: `UNIX_TIMESTAMP(NOW(3))` is an hour wrong where the session's time zone sets its clock back.
 */
export const present = `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`;

/** The caller's present, or that of the database's clock. Value: the caller's, or null. */
export const now: string = `COALESCE(?, ${present})`;

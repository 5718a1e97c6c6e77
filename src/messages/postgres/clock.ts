import type { Dialect } from '../sql/queries.js';

// Times are sent and read as milliseconds since the epoch, so that no time zone of a process or a connection matters.

/** How PostgreSQL writes what differs between databases. */
export const dialect: Dialect = {
  placeholder: (number) => `$${number}`,
  ms: (column) => `(extract(epoch FROM ${column}) * 1000)::float8`,
  time: (placeholder) => `to_timestamp(${placeholder}::float8 / 1000)`,
};

/**
 * The table `clock` of a statement, with the present. `clock_timestamp()` and not `now()`, which is the transaction's
 * start: one of the application's may be old. Whole milliseconds, because that is what the columns hold.
 * @param place of the caller's present; null where the database's clock counts
 */
export function clock(place: string): string {
  const present = `coalesce(${dialect.time(place)}, date_trunc('milliseconds', clock_timestamp()))`;
  return `clock AS MATERIALIZED (SELECT ${present} AS now)`;
}

/** The present, as a value that an index can be searched for: `clock_timestamp()` itself is a new one for each row. */
export const now = '(SELECT now FROM clock)';

/** The present and some milliseconds. */
export function later(ms: string): string {
  return `${now} + ${ms} * interval '1 millisecond'`;
}

/** A `Time`, of which one of two places is null. */
export function timeOf(inMs: string, at: string): string {
  return `coalesce(${dialect.time(at)}, ${later(inMs)})`;
}

/**
 * The ids in tables of a statement, as a list that an index is searched for. In a join, a plan for any values takes the
 * tables for long, and would read all messages.
 */
export function idsIn(names: readonly string[]): string {
  return `ARRAY(${names.map((name) => `SELECT id FROM ${name}`).join(' UNION ALL ')})`;
}

/**
 * A condition that is always true of a row that a statement has picked, and lets PostgreSQL expect one such row. It
 * looks each up by its id then, also in a plan that was made while the table was new: that of many rows would read the
 * whole table, and stay for as long as nothing has counted its rows.
 */
export function isPicked(id: string): string {
  return `length(${id}::text) = 36`;
}

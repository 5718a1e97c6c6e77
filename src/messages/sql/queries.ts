import type { StoreQuery } from '../store.js';
import { cursorOf, parseCursor } from './cursor.js';
import { messageColumns, tables, timeColumns } from './names.js';
import type { MessageRow } from './rows.js';
import { readable } from './states.js';

/** How a database writes what differs from others. */
export interface Dialect {
  /** The place of a value: `?`, or `$1`. @param number from 1 */
  placeholder(number: number): string;
  /** A time column, as milliseconds since the epoch. */
  ms(column: string): string;
  /** The place of a value in milliseconds, to be compared with a time column. */
  time(placeholder: string): string;
  /** The most rows, where that must not be a place. @default a place */
  limit?(most: number): string;
  /** Whether no index is searched for `(a, b) < (c, d)`, so that `a <= c` has to stand beside it. @default false */
  readonly isRowComparisonSlow?: boolean;
  /**
   * Whether the row of a message for one user names the user, as `user_id` with a `read_at`, and no other table does.
   * Then each place is a `?`: a statement may have two parts, with values of their own. @default false
   */
  readonly keepsOneUser?: boolean;
}

/** A statement and its values, in the order of their places. */
export interface Statement {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** The statements of `find`, `count` and `unread`, for a database. */
export class Queries {
  /** The columns of a {@link MessageRow}, of the table under the name `m`. */
  readonly columns: string;
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.columns = [...messageColumns, ...(dialect.keepsOneUser === true ? ['user_id'] : [])]
      .map((name) => (timeColumns.includes(name) ? `${dialect.ms(`m.${name}`)} AS ${name}` : `m.${name}`))
      .join(', ');
  }

  /** Finds messages, the newest first. @param limit one more than a page holds tells whether another one follows */
  find(query: StoreQuery, limit: number, cursor: string | undefined): Statement {
    return this.#page(this.#matching(query), limit, cursor);
  }

  count(query: StoreQuery): Statement {
    return this.#count(this.#matching(query));
  }

  unread(service: string, user: string, limit: number, cursor: string | undefined): Statement {
    return this.#page(this.#unread(service, user), limit, cursor);
  }

  unreadCount(service: string, user: string): Statement {
    return this.#count(this.#unread(service, user));
  }

  #page(found: readonly Terms[], limit: number, cursor: string | undefined): Statement {
    const parts = found.map((terms) => this.#part(terms, limit, cursor));
    const values = parts.flatMap((part) => part.values);
    const [only, ...others] = parts.map(({ text }) => text);
    if (only !== undefined && others.length === 0) return { text: only, values };
    const union = parts.map(({ text }) => `(${text})`).join(' UNION ALL ');
    const most = this.#dialect.limit?.(limit) ?? this.#dialect.placeholder(values.push(limit));
    return { text: `${union} ORDER BY created_at DESC, id DESC LIMIT ${most}`, values };
  }

  #part(found: Terms, limit: number, cursor: string | undefined): Statement {
    const [time, id] = found.order;
    if (cursor !== undefined) {
      const after = parseCursor(cursor);
      if (this.#dialect.isRowComparisonSlow === true)
        found.add(`${time} <= ${this.#dialect.time(found.value(after.createdAt))}`);
      found.add(`(${time}, ${id}) < (${this.#dialect.time(found.value(after.createdAt))}, ${found.value(after.id)})`);
    }
    const most = this.#dialect.limit?.(limit) ?? found.value(limit);
    return {
      text: `SELECT ${this.columns} ${found.text} ORDER BY ${time} DESC, ${id} DESC LIMIT ${most}`,
      values: found.values,
    };
  }

  #count(found: readonly Terms[]): Statement {
    const values = found.flatMap((terms) => terms.values);
    const counts = found.map(({ text }) => `SELECT count(*) AS count ${text}`);
    const [only, ...others] = counts;
    if (only !== undefined && others.length === 0) return { text: only, values };
    return { text: `SELECT ${counts.map((count) => `(${count})`).join(' + ')} AS count`, values };
  }

  #unread(service: string, user: string): readonly Terms[] {
    return this.#forUser(service, user).map((found) => {
      found.add(`${found.first}.read_at IS NULL`);
      found.add(readable('m.'));
      return found;
    });
  }

  /** Messages for a user, in each of the tables that may name the user. */
  #forUser(service: string, user: string): readonly Terms[] {
    const firsts = this.#dialect.keepsOneUser === true ? (['r', 'm'] as const) : (['r'] as const);
    return firsts.map((first) => {
      const found = new Terms(this.#dialect, first);
      found.equal(`${first}.service`, service);
      found.equal(`${first}.user_id`, user);
      return found;
    });
  }

  #matching(query: StoreQuery): readonly Terms[] {
    const { service, recipient, relatedTo } = query;
    // The table whose index finds the fewest rows stands first, and gives the order too.
    if (recipient !== undefined) return this.#forUser(service, recipient).map((found) => this.#narrowed(found, query));
    const found = new Terms(this.#dialect, relatedTo === undefined ? 'm' : 'o');
    found.equal(`${found.first}.service`, service);
    return [this.#narrowed(found, query)];
  }

  #narrowed(found: Terms, query: StoreQuery): Terms {
    const { relatedTo, states, since, until, dueBy, unchangedSince } = query;
    if (relatedTo !== undefined) {
      if (found.first !== 'o') found.join(`JOIN ${tables.related} o ON o.message_id = m.id`);
      found.equal('o.type', relatedTo.type);
      found.equal('o.object_id', relatedTo.id);
    }
    if (query.tag !== undefined) found.equal('m.tag', query.tag);
    if (query.event !== undefined) found.equal('m.event', query.event);
    if (query.key !== undefined) found.equal('m.message_key', query.key);
    if (states !== undefined) found.among('m.state', states);
    if (since !== undefined) found.add(`${found.order[0]} >= ${this.#dialect.time(found.value(since))}`);
    if (until !== undefined) found.add(`${found.order[0]} < ${this.#dialect.time(found.value(until))}`);
    if (unchangedSince !== undefined) found.add(`m.changed_at <= ${this.#dialect.time(found.value(unchangedSince))}`);
    if (dueBy !== undefined) found.add(`m.send_after <= ${this.#dialect.time(found.value(dueBy))}`);
    return found;
  }
}

/** Rows as a page: all but the one too many, and the cursor if there is one. */
export function pageOf(
  rows: readonly MessageRow[],
  limit: number,
): { readonly rows: readonly MessageRow[]; readonly cursor: string | undefined } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { rows: rows.slice(0, limit), cursor: last && cursorOf(last) };
}

/** The tables and the terms of a statement. */
class Terms {
  readonly values: (string | number)[] = [];
  /** The table that is searched first, by its name in the statement. */
  readonly first: 'm' | 'r' | 'o';
  /** The columns that the result is sorted by. */
  readonly order: readonly [time: string, id: string];
  readonly #dialect: Dialect;
  readonly #terms: string[] = [];
  #from: string;

  constructor(dialect: Dialect, first: 'm' | 'r' | 'o') {
    this.#dialect = dialect;
    this.first = first;
    this.order = [`${first}.created_at`, first === 'm' ? 'm.id' : `${first}.message_id`];
    this.#from = `FROM ${tables.messages} m`;
    if (first !== 'm') {
      const table = first === 'r' ? tables.recipients : tables.related;
      this.#from = `FROM ${table} ${first} JOIN ${tables.messages} m ON m.id = ${first}.message_id`;
    }
  }

  get text(): string {
    return `${this.#from} WHERE ${this.#terms.join(' AND ')}`;
  }

  join(text: string): void {
    this.#from += ` ${text}`;
  }

  add(term: string): void {
    this.#terms.push(term);
  }

  equal(column: string, value: string): void {
    this.add(`${column} = ${this.value(value)}`);
  }

  /** With one value it is an equation, so that an index gives the order. */
  among(column: string, values: readonly string[]): void {
    const [only] = values;
    if (only === undefined) this.add('1 = 0');
    else if (values.length === 1) this.equal(column, only);
    else this.add(`${column} IN (${values.map((value) => this.value(value)).join(', ')})`);
  }

  /** Adds a value. @returns its place */
  value(value: string | number): string {
    this.values.push(value);
    return this.#dialect.placeholder(this.values.length);
  }
}

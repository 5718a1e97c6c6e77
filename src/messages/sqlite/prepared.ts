import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Statement } from '../sql/queries.js';
import { type StatementName, statements } from './statements.js';

const kept = new WeakMap<DatabaseSync, Prepared>();

/** The statements of a connection, each prepared when it is first needed. */
export class Prepared {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<StatementName, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Those of a connection, which may be the application's. */
  static of(database: DatabaseSync): Prepared {
    const known = kept.get(database);
    if (known !== undefined) return known;
    const prepared = new Prepared(database);
    kept.set(database, prepared);
    return prepared;
  }

  /** @returns how many rows it has changed */
  run(name: StatementName, ...values: SQLInputValue[]): number {
    return Number(this.#statement(name).run(...values).changes);
  }

  all<Row>(name: StatementName, ...values: SQLInputValue[]): readonly Row[] {
    return this.#statement(name).all(...values) as Row[];
  }

  get<Row>(name: StatementName, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(name).get(...values) as Row | undefined;
  }

  /** Reads by a statement that was made for one search. */
  query<Row>({ text, values }: Statement): readonly Row[] {
    return prepare(this.#database, text).all(...values) as Row[];
  }

  #statement(name: StatementName): StatementSync {
    const known = this.#statements.get(name);
    if (known !== undefined) return known;
    const statement = prepare(this.#database, statements[name]);
    this.#statements.set(name, statement);
    return statement;
  }
}

/** Prepares a statement that gives objects and numbers, whatever the application has chosen for its connection. */
export function prepare(database: DatabaseSync, text: string): StatementSync {
  const statement = database.prepare(text);
  // Node has it since 22.16.
  if ('setReturnArrays' in statement && typeof statement.setReturnArrays === 'function')
    statement.setReturnArrays(false);
  statement.setReadBigInts(false);
  return statement;
}

import { ConfigurationError } from '../../core/errors.js';
import type { Migration } from './migrations.js';

/** How the tables of a database are brought up to date. */
export interface Schema<Database> {
  /** @returns the steps that the database still needs */
  findMissing(database: Database, steps: readonly Migration[]): Promise<readonly Migration[]>;
  /** @returns the names of the steps that it has made */
  migrate(database: Database, steps: readonly Migration[]): Promise<readonly string[]>;
}

/** What a store on a database is opened with. */
export interface OpeningOptions<Database> {
  readonly database: Database;
  readonly migrations: readonly Migration[];
  /** Whether opening makes the steps that are missing, and does not fail for them. */
  readonly migratesAtOpen: boolean;
}

/** Opens a store on a database, and its tables with it. */
export class Opening<Database extends { open(): void; close(): Promise<void> }> {
  readonly #store: string;
  readonly #schema: Schema<Database>;
  readonly #options: OpeningOptions<Database>;
  #opened: Promise<void> | undefined;

  /** @param store its name, such as `mysql` */
  constructor(store: string, schema: Schema<Database>, options: OpeningOptions<Database>) {
    this.#store = store;
    this.#schema = schema;
    this.#options = options;
  }

  /** Opens it once; again, when that has failed. */
  open(): Promise<void> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async close(): Promise<void> {
    this.#opened = undefined;
    await this.#options.database.close();
  }

  async migrate(): Promise<readonly string[]> {
    const { database, migrations } = this.#options;
    database.open();
    return this.#schema.migrate(database, migrations);
  }

  async #open(): Promise<void> {
    const { database, migrations, migratesAtOpen } = this.#options;
    database.open();
    if (migratesAtOpen) {
      await this.#schema.migrate(database, migrations);
      return;
    }
    const [missing] = await this.#schema.findMissing(database, migrations);
    if (missing === undefined) return;
    throw new ConfigurationError(
      `The message store "${this.#store}" needs the migration "${missing.name}": run "pushrail migrate", or call its migrate().`,
    );
  }
}

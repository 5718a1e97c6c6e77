import type { MessageStore } from '../index.js';

/** A transaction of the application's own, in which messages are recorded. */
export interface OpenTransaction {
  /** What `send` takes as `transaction`. */
  readonly transaction: unknown;
  commit(): void | Promise<void>;
  rollback(): void | Promise<void>;
}

/** A message store, made for one case. */
export interface MessageStoreSubject {
  /** The store. It must hold no messages yet. The suite opens and closes it. */
  readonly store: MessageStore;
  /** Makes another store on the same messages, as another process would. The suite opens and closes it. */
  another?(): MessageStore | Promise<MessageStore>;
  /** For a store that records in transactions. */
  readonly transaction?:
    | {
        /** Begins a transaction on a connection that is not the store's. */
        begin(): OpenTransaction | Promise<OpenTransaction>;
        /** Whether the database has one transaction that writes at a time, as SQLite. @default false */
        readonly isAlone?: boolean | undefined;
      }
    | undefined;
  /** Called at the end of the case, when the stores are closed. */
  close?(): void | Promise<void>;
}

/** Makes the message store for the suite. */
export interface MessageStoreHarness {
  /** Makes a store, with its tables. Called once for each case. */
  create(): MessageStoreSubject | Promise<MessageStoreSubject>;
  /** Longest wait for what must come in time, in milliseconds. @default 5 000 */
  readonly waitMs?: number | undefined;
  /** How long the suite waits for what must not come, in milliseconds. @default 20 */
  readonly quietMs?: number | undefined;
}

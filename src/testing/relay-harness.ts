import type { Relay } from '../index.js';

/** A relay, made for one case. */
export interface RelaySubject {
  /** The relay. Nobody may have used it before. It is connected several times: each connection is a node. */
  readonly relay: Relay;
  /** A relay with the same memory, whose connections can be cut off. @default those cases are skipped */
  readonly fragile?:
    | {
        readonly relay: Relay;
        /** Cuts all of its connections off. What is asked, and what is published, gets lost on the way. */
        cut(): void | Promise<void>;
        /** Ends it. */
        mend(): void | Promise<void>;
      }
    | undefined;
  /** Lets the relay lose its memory. @default the case is skipped */
  empty?(): void | Promise<void>;
  /** Called at the end of the case, when all connections are closed. */
  close?(): void | Promise<void>;
}

/** Makes the relay for the suite. */
export interface RelayHarness {
  /** Makes a relay. Called once for each case. */
  create(): RelaySubject | Promise<RelaySubject>;
  /** Longest wait for what must come in time, in milliseconds. @default 15 000 */
  readonly waitMs?: number | undefined;
  /** How long the suite waits for what must not come, in milliseconds. @default 100 */
  readonly quietMs?: number | undefined;
  /** A time that the relay can tell from none, in milliseconds: leases and what is kept end after it. @default 150 */
  readonly shortMs?: number | undefined;
}

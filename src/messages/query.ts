import type { RelatedObject } from './record.js';
import type { MessageState } from './states.js';

/** Which messages: those for which all that is named is true. */
export interface StoreQuery {
  readonly service: string;
  readonly states?: readonly MessageState[] | undefined;
  readonly tag?: string | undefined;
  readonly relatedTo?: RelatedObject | undefined;
  /** A user's id. */
  readonly recipient?: string | undefined;
  readonly event?: string | undefined;
  readonly key?: string | undefined;
  /** Recorded at this time or later, and before that one. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Due at this time or earlier, whatever its state. */
  readonly dueBy?: number | undefined;
  /** In its state since this time or longer. */
  readonly unchangedSince?: number | undefined;
}

/** A part of a long list, the newest first. */
export interface Page {
  readonly limit: number;
  /** The `cursor` of the part before. */
  readonly cursor?: string | undefined;
}

/** Which messages a user has read. */
export type ReadMark = { readonly service: string; readonly user: string } & (
  | { readonly ids: readonly string[] }
  | { readonly tag: string }
  | { readonly relatedTo: RelatedObject }
);

import type { Credential } from './settings.js';

/** Facts about a built-in backend that its settings and options do not tell. */
export interface AboutBackend {
  /** Its purpose in a few words, for the table of backends in the README. */
  readonly purpose: string;
  /** Its needs beside this package, for the same table. @default nothing */
  readonly needs?: string;
  /** Its guide, as a path from the root of the repository. @default none */
  readonly guide?: string;
  /** The credential that follows the `@` of its DSN. @default 'appId' */
  readonly dsnAccount?: Credential;
  /**
   * The driver of `PushClient` that receives from it in a page. @default none: a composite's page takes the driver of
   * one of its backends
   */
  readonly clientDriver?: string;
}

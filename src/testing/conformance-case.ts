import type { ServiceSettings } from '../index.js';
import type { Trial } from './trial.js';

/** A property that a backend must have. */
export interface CaseDefinition {
  readonly name: string;
  /** Settings of the service, which replace the suite's own. */
  readonly settings?: ServiceSettings;
  /**
   * Returns what the case needs but the backend does not declare or the harness does not offer, such as
   * `subscribe: false`.
   */
  readonly lacks?: (trial: Trial) => string | undefined;
  readonly check: (trial: Trial) => Promise<void>;
  /** Checked in place of the property when something is lacking. */
  readonly instead?: (trial: Trial) => Promise<void>;
}

import type { ServiceSettings } from '../index.js';
import type { Trial } from './trial.js';

/** One property that a backend must have. */
export interface CaseDefinition {
  readonly name: string;
  /** Settings of the service, in place of the suite's own. */
  readonly settings?: ServiceSettings;
  /** What the case needs and the backend does not declare, or the harness does not offer: `subscribe: false`. */
  readonly lacks?: (trial: Trial) => string | undefined;
  readonly check: (trial: Trial) => Promise<void>;
  /** What must hold where something is lacking. */
  readonly instead?: (trial: Trial) => Promise<void>;
}

import type { SessionTrial } from './session-trial.js';

/** A property that a session adapter must have. */
export interface SessionCaseDefinition {
  readonly name: string;
  /** Returns what the case needs but the adapter or the harness lacks. */
  readonly lacks?: (trial: SessionTrial) => string | undefined;
  readonly check: (trial: SessionTrial) => Promise<void>;
}

/** The `lacks` of a case that adds sessions. */
export function withoutSessions(trial: SessionTrial): string | undefined {
  return trial.canAdd ? undefined : 'the harness has no add()';
}

/** The `lacks` of a case about a session store. */
export function withoutStore(trial: SessionTrial): string | undefined {
  return trial.isStore ? undefined : 'the adapter has no add(), remove() and touch()';
}

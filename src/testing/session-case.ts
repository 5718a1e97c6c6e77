import type { SessionTrial } from './session-trial.js';

/** One property that a session adapter must have. */
export interface SessionCaseDefinition {
  readonly name: string;
  /** What the case needs and the adapter or the harness lacks. */
  readonly lacks?: (trial: SessionTrial) => string | undefined;
  readonly check: (trial: SessionTrial) => Promise<void>;
}

/** For a case that is about sessions. */
export function withoutSessions(trial: SessionTrial): string | undefined {
  return trial.canAdd ? undefined : 'the harness has no add()';
}

/** For a case about an adapter that is told of sessions. */
export function withoutStore(trial: SessionTrial): string | undefined {
  return trial.isStore ? undefined : 'the adapter has no add(), remove() and touch()';
}

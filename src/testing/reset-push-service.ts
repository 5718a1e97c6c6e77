import { PushService } from '../index.js';

/**
 * Closes the default `PushService`, and forgets its settings, listeners and rules. The next use takes the settings from
 * the environment, as in a new process.
 * @throws PushError when the backend could not be closed; everything is forgotten all the same
 * @example
 * afterEach(() => resetPushService());
 */
export function resetPushService(): Promise<void> {
  return PushService.reset();
}

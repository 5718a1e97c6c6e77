import { ConfigurationError } from '../core/errors.js';
import { type DsnSettings, parseDsn, pusherUrlSettings } from './dsn.js';

/** Settings from the environment, for an application that did not call `configure`. */
export interface EnvironmentSettings {
  readonly settings: DsnSettings;
  /** True when the environment names no backend, so that messages are printed. */
  readonly isFallback: boolean;
}

/**
 * Reads the settings for an application that did not call `configure`: the DSN in `PUSH_SERVER`, else the address of a
 * Pusher application in `PUSHER_URL`, else the console backend.
 * @throws ConfigurationError when neither variable is set and `NODE_ENV` is `production`
 */
export function settingsFromEnvironment(environment: NodeJS.ProcessEnv): EnvironmentSettings {
  const dsn = environment['PUSH_SERVER'];
  if (dsn !== undefined && dsn.trim() !== '') return { settings: parseDsn(dsn), isFallback: false };
  const pusherUrl = environment['PUSHER_URL']?.trim() ?? '';
  if (pusherUrl !== '') return { settings: pusherUrlSettings(pusherUrl, 'PUSHER_URL'), isFallback: false };
  if (environment['NODE_ENV'] === 'production') {
    throw new ConfigurationError(
      'No push backend is configured: call PushService.configure({ backend: … }) at start-up, or set PUSH_SERVER in the environment, such as PUSH_SERVER="websocket://key:secret@1001?port=6001", or PUSHER_URL as Pusher gives it.',
    );
  }
  return { settings: { backend: 'console' }, isFallback: true };
}

/** Logged when the console backend stands in. */
export const FALLBACK_WARNING =
  'no backend is configured: messages are printed. Call PushService.configure({ backend: … }) or set PUSH_SERVER.';

import { ConfigurationError } from '../core/errors.js';
import { type DsnSettings, parseDsn, pusherUrlSettings } from './dsn.js';

/** Where the settings came from when the application did not call `configure`. */
export interface EnvironmentSettings {
  readonly settings: DsnSettings;
  /** True when nothing was set and the console backend stands in. */
  readonly isFallback: boolean;
}

/**
 * The settings for an application that did not call `configure`: the DSN in `PUSH_SERVER`, else the address of a Pusher
 * application in `PUSHER_URL`, else, outside production, the console backend.
 * @throws ConfigurationError with `NODE_ENV=production` and nothing set
 */
export function settingsFromEnvironment(environment: NodeJS.ProcessEnv): EnvironmentSettings {
  const dsn = environment['PUSH_SERVER'];
  if (dsn !== undefined && dsn.trim() !== '') return { settings: parseDsn(dsn), isFallback: false };
  const pusherUrl = environment['PUSHER_URL']?.trim() ?? '';
  if (pusherUrl !== '') return { settings: pusherUrlSettings(pusherUrl, 'PUSHER_URL'), isFallback: false };
  if (environment['NODE_ENV'] === 'production') {
    throw new ConfigurationError(
      'No push backend is configured: call PushService.configure({ backend: … }) at start-up, or set PUSH_SERVER in the environment, such as PUSH_SERVER="websocket://key:secret@app?port=6001", or PUSHER_URL as Pusher gives it.',
    );
  }
  return { settings: { backend: 'console' }, isFallback: true };
}

/** Said once where the environment names no backend. */
export const FALLBACK_WARNING =
  'no backend is configured: messages are printed. Call PushService.configure({ backend: … }) or set PUSH_SERVER.';

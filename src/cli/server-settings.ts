import { type RemoteWebSocketOptions, RemoteWebSocketService } from '../backends/remote/index.js';
import { type AnyBackend, ConfigurationError, type PushServerSettings, userChannels } from '../index.js';
import { SERVER_TO_USER_PREFIX } from '../pusher-protocol/names.js';
import { checkOptions } from '../server/checked-options.js';
import { type DsnSettings, parseDsn } from '../settings/dsn.js';
import { type Terminal, terminalLogger } from './terminal.js';

/** The help of `--server`, for each command that talks to a server. */
export const serverHelp = 'DSN of the server (default: PUSH_SERVER, else PUSHER_URL)';

/** The port of the embedded server when none is named. Pusher-compatible servers commonly use it. */
export const DEFAULT_PORT = 6001;

/**
 * Reads the settings in the DSN of `--server`, or else of `PUSH_SERVER`.
 * @throws ConfigurationError when there are none or they cannot be read
 */
export function dsnSettings(dsn: string | undefined, environment: NodeJS.ProcessEnv): DsnSettings {
  const text = dsn ?? environment['PUSH_SERVER'];
  if (text === undefined || text.trim() === '') {
    throw new ConfigurationError(
      'No server is named: pass --server or set PUSH_SERVER, as `pushrail serve` prints it.',
    );
  }
  return parseDsn(text);
}

/** The application's messages are not for these commands, whatever store the environment names. */
export const noMessages = { messages: false } as const;

/**
 * Makes the settings of a command that talks to a server. `websocket` means the embedded server that another process
 * runs with this DSN, as `remote` does; with `serve=false`, the nodes that are joined by its relay.
 * @throws ConfigurationError when there are none or they cannot be read
 */
export function clientSettings(dsn: string | undefined, terminal: Terminal): PushServerSettings {
  const { PUSH_SERVER: own, PUSHER_URL: pushers } = terminal.environment;
  const { options = {}, ...settings } = dsnSettings(dsn, { PUSH_SERVER: own?.trim() ? own : pushers });
  const logger = terminalLogger(terminal);
  const signsUsersIn = ['websocket', 'remote', 'pusher'].includes(settings.backend);
  const isServer = settings.backend === 'websocket' && options['serve'] !== false;
  return {
    ...settings,
    ...(isServer ? { backend: 'remote', options: optionsToReach(options) } : { options }),
    sessions: userChannels({ prefix: signsUsersIn ? SERVER_TO_USER_PREFIX : '' }),
    logger,
    ...noMessages,
  } as PushServerSettings;
}

/** The options that reach the embedded server of another process, by those with which it listens. */
function optionsToReach(options: object): RemoteWebSocketOptions {
  const checked = checkOptions(options);
  const { host, port = DEFAULT_PORT } = checked;
  const { maxChannelNameLength, maxEventNameLength, maxChannelsPerEvent, maxEventsPerBatch } = checked;
  const limits = { maxChannelNameLength, maxEventNameLength, maxChannelsPerEvent, maxEventsPerBatch };
  return {
    port,
    ...(host !== undefined && { host: reachable(host) }),
    ...(checked.path !== undefined && { path: checked.path }),
    ...limits,
  };
}

/** The server that a command asks, in a few words: its address where the settings name one, else the backend's name. */
export function serverName(backend: AnyBackend): string {
  return backend instanceof RemoteWebSocketService ? backend.address : backend.name;
}

/** The address to reach a server at: one that listens on every interface is reached on this machine. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

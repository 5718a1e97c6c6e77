import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { WebSocketService } from '../backends/websocket/index.js';
import { ConfigurationError, createPushService, type PushServerSettings } from '../index.js';
import type { DsnSettings } from '../settings/dsn.js';
import { CommandFailed, portNumber } from './arguments.js';
import { DEFAULT_PORT, dsnSettings, noMessages } from './server-settings.js';
import { type Terminal, terminalLogger, untilStopped } from './terminal.js';

interface ServeOptions {
  server?: string;
  port?: number;
  host?: string;
  metricsPort?: number;
  metricsHost?: string;
  relay?: string;
}

/** `pushrail serve`: runs the embedded server in a process of its own. */
export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .description('run the embedded WebSocket server until it is stopped; without a DSN it makes keys and prints them')
    .option('--server <dsn>', 'DSN of the server (default: PUSH_SERVER)')
    .option('--port <port>', `port to listen on (default: the DSN's, or ${DEFAULT_PORT})`, portNumber)
    .option('--host <address>', "address to listen on (default: the DSN's, or 127.0.0.1)")
    .option('--metrics-port <port>', 'port for figures of Prometheus, at /metrics (default: none)', portNumber)
    .option('--metrics-host <address>', "address for the figures (default: the DSN's, or 127.0.0.1)")
    .option(
      '--relay <url>',
      'Redis that joins several servers: redis://… or rediss://… (default: PUSH_RELAY, else none)',
    )
    .action(async (options: ServeOptions) => {
      const { isNew, ...settings } = serveSettings(options, terminal.environment);
      const logger = terminalLogger(terminal);
      await using service = createPushService({ ...settings, ...noMessages, logger } as PushServerSettings);
      await service.ready().catch(cannotStart);
      const { backend } = service;
      if (!(backend instanceof WebSocketService) || backend.address === undefined)
        throw new ConfigurationError('The server does not listen.');
      const { address, metricsAddress } = backend;
      const { host, port } = address;
      terminal.print(`Listening on ${host}:${port}. Stop with Ctrl-C.`);
      if (metricsAddress !== undefined)
        terminal.print(`Figures for Prometheus are at ${metricsAddress.host}:${metricsAddress.port}/metrics.`);
      if (isNew) {
        terminal.print('In other terminals:');
        terminal.print(
          `  export PUSH_SERVER="remote://${settings.pubKey}:${settings.secretKey}@${settings.appId}?host=${host}&port=${port}"`,
        );
        terminal.print('  pushrail listen orders');
        terminal.print(`  pushrail send orders --data '{"id":42}'`);
      }
      await untilStopped(terminal);
      terminal.print('Stopping.');
    });
}

/**
 * Makes any failure to start exit with 1, which means that the command failed. A port that is taken, the usual reason,
 * is a `ConfigurationError`, and would exit with 2 as wrong usage does.
 */
function cannotStart(error: unknown): never {
  throw new CommandFailed(error instanceof Error ? error.message : String(error), { cause: error });
}

interface ServeSettings extends DsnSettings {
  /** Whether the keys were made here, so that they are printed. */
  isNew: boolean;
}

function serveSettings({ server, ...given }: ServeOptions, environment: NodeJS.ProcessEnv): ServeSettings {
  const isNew = server === undefined && !environment['PUSH_SERVER'];
  const settings = isNew ? newSettings() : dsnSettings(server, environment);
  if (settings.backend !== 'websocket') {
    throw new ConfigurationError(`pushrail serve runs the websocket backend, and the DSN names "${settings.backend}".`);
  }
  const options = {
    host: '127.0.0.1',
    port: DEFAULT_PORT,
    ...settings.options,
    ...given,
  };
  return { ...settings, options, isNew };
}

function newSettings(): DsnSettings {
  return {
    backend: 'websocket',
    appId: '1001',
    pubKey: randomBytes(8).toString('hex'),
    secretKey: randomBytes(16).toString('hex'),
  };
}

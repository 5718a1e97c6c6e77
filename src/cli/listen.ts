import { Command } from 'commander';
import { createPushService, type IncomingMessage, UnsupportedOperationError } from '../index.js';
import { positiveNumber } from './arguments.js';
import { clientSettings, serverHelp, serverName } from './server-settings.js';
import { type Terminal, untilStopped } from './terminal.js';

interface ListenOptions {
  server?: string;
  count?: number;
  json: boolean;
}

/** `pushrail listen`: prints the messages that arrive on channels. */
export function listenCommand(terminal: Terminal): Command {
  return new Command('listen')
    .description('print the messages of channels until it is stopped')
    .argument('<channels...>', 'names of channels')
    .option('--server <dsn>', serverHelp)
    .option('-n, --count <number>', 'end after so many messages', positiveNumber)
    .option('--json', 'print each message as one JSON object', false)
    .action(async (channels: string[], { server, count, json }: ListenOptions) => {
      const ended = new AbortController();
      const stop = AbortSignal.any([terminal.stop, ended.signal]);
      let left = count ?? Number.POSITIVE_INFINITY;
      const settings = clientSettings(server, terminal);
      if (settings.backend === 'console') {
        throw new UnsupportedOperationError(
          'The console backend hears only what its own process sends: listen to another server.',
        );
      }
      await using service = createPushService(settings);
      service.on('messageReceived', (message) => {
        if (left <= 0) return;
        left--;
        terminal.print(json ? JSON.stringify(message) : line(message));
        if (left <= 0) ended.abort();
      });
      for (const channel of channels) await service.subscribe(channel);
      terminal.complain(`Listening to ${channels.join(', ')} on ${serverName(service.backend)}. Stop with Ctrl-C.`);
      await untilStopped({ stop });
    });
}

function line({ channel, event, data }: IncomingMessage): string {
  return `${channel}  ${event}  ${JSON.stringify(data)}`;
}

import { Command } from 'commander';
import { createPushService, DeliveryError, type SendReport } from '../index.js';
import { CommandFailed, gathered, jsonValue } from './arguments.js';
import { clientSettings, serverHelp, serverName } from './server-settings.js';
import type { Terminal } from './terminal.js';

interface SendCommandOptions {
  server?: string;
  event: string;
  data: unknown;
  user: string[];
}

/** `pushrail send`: sends one message to channels or users. */
export function sendCommand(terminal: Terminal): Command {
  return new Command('send')
    .description('send one event to channels, or to users by --user')
    .argument('[channels...]', 'names of channels')
    .option('--server <dsn>', serverHelp)
    .option('-e, --event <name>', 'name of the event', 'push-event')
    .option('-d, --data <json>', 'data of the event', jsonValue, {})
    .option('-u, --user <id>', 'a user instead of channels; may be repeated', gathered, [])
    .action(async (channels: string[], options: SendCommandOptions) => {
      const { event, data, user: users } = options;
      await using service = createPushService(clientSettings(options.server, terminal));
      const audience = {
        ...(channels.length > 0 || users.length === 0 ? { channels } : {}),
        ...(users.length > 0 ? { users } : {}),
      } as { channels: string[] };
      const report = await service.send({ event, data, ...audience, signal: terminal.stop }).catch(reportOfFailure);
      printReport(report, serverName(service.backend), terminal);
    });
}

/** The report of a message that no channel accepted, which is in the error. */
function reportOfFailure(error: unknown): SendReport {
  if (error instanceof DeliveryError && error.report !== undefined) return error.report;
  throw error;
}

/** @param server the one that was asked */
function printReport({ accepted, rejected, durationMs, id }: SendReport, server: string, terminal: Terminal): void {
  if (accepted.length > 0) {
    terminal.print(`accepted by ${server} for ${accepted.join(', ')} in ${Math.round(durationMs)} ms (${id})`);
  }
  for (const { channel, error } of rejected)
    terminal.complain(`rejected by ${server} for ${channel}: ${error.message}`);
  if (rejected.length > 0) throw new CommandFailed();
}

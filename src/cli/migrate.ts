import { Command } from 'commander';
import { ConfigurationError, createPushService, type PushService } from '../index.js';
import { moduleHelp, serviceOf } from './application.js';
import type { Terminal } from './terminal.js';

/** `pushrail migrate`: brings the tables of a message store up to date. */
export function migrateCommand(terminal: Terminal): Command {
  return new Command('migrate')
    .description('bring the tables of the message store up to date')
    .argument('[module]', `${moduleHelp} (default: the store that PUSH_MESSAGES names)`)
    .action(async (path: string | undefined) => {
      await using service = path === undefined ? serviceOfEnvironment(terminal) : await serviceOf(path);
      const made = await service.messages.migrate();
      for (const name of made) terminal.print(`made ${name}`);
      if (made.length === 0) terminal.print('The message store is up to date.');
    });
}

function serviceOfEnvironment({ environment }: Terminal): PushService {
  const messages = environment['PUSH_MESSAGES'];
  if (messages === undefined || messages.trim() === '') {
    throw new ConfigurationError(
      'No message store is named: pass the module that configures the push service, such as ./push.js, or set PUSH_MESSAGES.',
    );
  }
  return createPushService({ backend: 'console', messages, worker: false });
}

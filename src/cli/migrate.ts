import { Command } from 'commander';
import { storeHelp, storeService } from './application.js';
import type { Terminal } from './terminal.js';

/** `pushrail migrate`: brings the tables of a message store up to date. */
export function migrateCommand(terminal: Terminal): Command {
  return new Command('migrate')
    .description('bring the tables of the message store up to date')
    .argument('[module]', storeHelp)
    .action(async (path: string | undefined) => {
      await using service = await storeService(path, terminal, { makesFile: true });
      const made = await service.messages.migrate();
      for (const name of made) terminal.print(`made ${name}`);
      if (made.length === 0) terminal.print('The message store is up to date.');
    });
}

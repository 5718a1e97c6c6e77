import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { PushError, type PushErrorCode } from '../index.js';
import { CommandFailed } from './arguments.js';
import { cancelCommand, purgeCommand, retryCommand } from './change-messages.js';
import { demoCommand } from './demo/command.js';
import { listenCommand } from './listen.js';
import { messageCommand } from './message.js';
import { messagesCommand } from './messages.js';
import { migrateCommand } from './migrate.js';
import { sendCommand } from './send.js';
import { sendBatchCommand } from './send-batch.js';
import { serveCommand } from './serve.js';
import { templatesCommand } from './templates.js';
import { isPrinted, oneLine, processTerminal, type Terminal } from './terminal.js';
import { workCommand } from './work.js';

/** The version of zod that the build has taken in; undeclared where these sources run themselves. */
declare const ZOD_VERSION: string | undefined;

// Exit codes; 0 means done.
const FAILED = 1;
const WRONG_USAGE = 2;

/** By code: a module of the application may have another copy of this package, whose classes are not ours. */
const usageCodes: readonly PushErrorCode[] = ['CONFIGURATION', 'VALIDATION', 'UNSUPPORTED_OPERATION'];

/**
 * Runs the `pushrail` command. Never throws: what goes wrong is printed.
 * @param args without node and the script: `['send', 'orders', …]`
 * @returns exit code 0 when it is done, 1 when it failed, 2 for wrong usage
 */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<{ exitCode: number }> {
  const program = commandLine(terminal, args.includes('--verbose'));
  try {
    await program.parseAsync(args, { from: 'user' });
    return { exitCode: 0 };
  } catch (error) {
    return { exitCode: complain(error, terminal, program.opts()['verbose'] === true) };
  }
}

function commandLine(terminal: Terminal, isVerbose: boolean): Command {
  const { version } = createRequire(import.meta.url)('pushrail/package.json') as { version: string };
  const program = new Command('pushrail')
    .description('Server-side push, whatever stands behind it.')
    .version(isVerbose ? withParts(version) : version)
    .option('--verbose', 'show stack traces; with --version, what the build has taken in', false)
    .addHelpText(
      'after',
      `
The server is told by --server or by PUSH_SERVER, a DSN such as websocket://KEY:SECRET@APPID?port=6001.

To see it work:       pushrail demo
In three terminals:   pushrail serve · pushrail listen orders · pushrail send orders --data '{"id":42}'`,
    );
  const commands = [
    ...[demoCommand, serveCommand, sendCommand, listenCommand, workCommand, sendBatchCommand],
    ...[messagesCommand, messageCommand, retryCommand, cancelCommand, purgeCommand, templatesCommand, migrateCommand],
  ];
  for (const command of commands) program.addCommand(command(terminal));
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
      outputError: (text, write) => write(oneLine(text)),
    });
  }
  return program;
}

/** The version, with those of the packages whose code is part of this build: no `npm ls` shows them. */
function withParts(version: string): string {
  const zod = typeof ZOD_VERSION === 'undefined' ? 'not taken in: it is that of node_modules' : ZOD_VERSION;
  return `${version}\nzod ${zod}`;
}

function complain(error: unknown, terminal: Terminal, isVerbose: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  const isUsage = PushError.isPushError(error) && usageCodes.includes(error.code);
  const message = error instanceof Error ? error.message : String(error);
  const isSaid = isPrinted(error) || (error instanceof CommandFailed && message === '');
  if (isVerbose && error instanceof Error) terminal.complain(error.stack ?? message);
  else if (!isSaid) terminal.complain(`error: ${oneLine(message)}`);
  return isUsage ? WRONG_USAGE : FAILED;
}

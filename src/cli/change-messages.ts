import { Command } from 'commander';
import { durationOf } from '../core/durations.js';
import { type Duration, type MessageState, type PurgeQuery, type PushService, ValidationError } from '../index.js';
import { type StoreOptions, serviceHelp, storeHelp, storeService } from './application.js';
import { CommandFailed, duration, statesOfEnd } from './arguments.js';
import { visible } from './printable.js';
import type { Terminal } from './terminal.js';

const idsHelp = 'ids of messages, with a module before or behind them as for "pushrail messages"';
const exampleId = '018f3c3e-0000-7000-8000-000000000000';

/** `pushrail retry`: sends messages again that have failed or were skipped. */
export function retryCommand(terminal: Terminal): Command {
  return new Command('retry')
    .description('make messages due that failed, were skipped or wait for their next try')
    .argument('<ids...>', idsHelp)
    .option('--service <name>', serviceHelp)
    .addHelpText(
      'after',
      `\nThe exit code is 1 when one of them cannot be tried again.\n\nExample:   pushrail retry ${exampleId} ./push.js`,
    )
    .action(async (words: string[], options: StoreOptions) => {
      const { ids, path } = withModule(words);
      if (ids.length === 0) throw new ValidationError('Name the id of a message, which is a UUID.');
      await using service = await storeService(path, terminal, options);
      await changeEach(ids, service, terminal, {
        change: (id) => service.messages.retry(id),
        changed: 'is due now',
        refused: 'cannot be tried again',
      });
    });
}

/** `pushrail cancel`: stops messages that wait. */
export function cancelCommand(terminal: Terminal): Command {
  return new Command('cancel')
    .description('stop messages that wait, by their ids or by the key that they were sent with')
    .argument('[ids...]', idsHelp)
    .option('-k, --key <key>', 'all that wait and have this key')
    .option('--service <name>', serviceHelp)
    .addHelpText(
      'after',
      `\nThe exit code is 1 when one of the ids does not wait.\n\nExample:   pushrail cancel --key invite:42 ./push.js`,
    )
    .action(async (words: string[], { key, ...options }: StoreOptions & { key?: string }) => {
      const { ids, path } = withModule(words);
      if ((ids.length === 0) === (key === undefined))
        throw new ValidationError('Name either ids of messages, or a --key.');
      await using service = await storeService(path, terminal, options);
      if (key !== undefined) terminal.print(`${counted(await service.cancel(key))} cancelled.`);
      await changeEach(ids, service, terminal, {
        change: (id) => service.messages.cancel(id),
        changed: 'is cancelled',
        refused: 'does not wait',
      });
    });
}

interface PurgeOptions extends StoreOptions {
  state: MessageState[];
  olderThan: Duration;
  dryRun: boolean;
}

/** `pushrail purge`: removes old messages. */
export function purgeCommand(terminal: Terminal): Command {
  return new Command('purge')
    .description('remove messages that ended long ago, without asking')
    .argument('[module]', storeHelp)
    .requiredOption('-s, --state <states>', 'the states in which they ended, such as SENT,SKIPPED', statesOfEnd)
    .requiredOption('--older-than <duration>', 'how long ago they ended, such as 30d', duration)
    .option('--dry-run', 'count them, and remove nothing', false)
    .option('--service <name>', serviceHelp)
    .addHelpText('after', '\nExample:   pushrail purge ./push.js --state SENT --older-than 30d --dry-run')
    .action(async (path: string | undefined, { state, olderThan, dryRun, service: name }: PurgeOptions) => {
      await using service = await storeService(path, terminal, { service: name });
      if (dryRun) {
        const unchangedSince = new Date(Date.now() - (durationOf(olderThan) ?? 0));
        terminal.print(`${counted(await service.messages.count({ state, unchangedSince }))} would be removed.`);
        return;
      }
      const removed = await service.messages.purge({ state, olderThan } as PurgeQuery);
      terminal.print(`${counted(removed)} removed.`);
    });
}

/**
 * The module is the word that is no UUID. It may stand first, as `xargs` puts the ids behind.
 * @throws ValidationError for several such words
 */
function withModule(words: readonly string[]): { readonly ids: readonly string[]; readonly path: string | undefined } {
  const isId = (word: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(word);
  const [path, other] = words.filter((word) => !isId(word));
  if (other !== undefined)
    throw new ValidationError(`"${path}" and "${other}" are no ids, which are UUIDs, and there can be one module.`);
  return { ids: words.filter(isId), path };
}

/** Changes messages one by one: one that cannot be changed does not keep the others from it. */
async function changeEach(
  ids: readonly string[],
  { messages }: PushService,
  terminal: Terminal,
  what: { readonly change: (id: string) => Promise<boolean>; readonly changed: string; readonly refused: string },
): Promise<void> {
  let refused = 0;
  for (const id of ids) {
    if (await what.change(id)) {
      terminal.print(`${visible(id)} ${what.changed}`);
      continue;
    }
    refused++;
    const state = (await messages.get(id))?.state;
    const reason = state === undefined ? 'there is no such message' : `it is ${state}`;
    terminal.complain(`${visible(id)} ${what.refused}: ${reason}`);
  }
  if (refused > 0) throw new CommandFailed();
}

function counted(messages: number): string {
  return `${messages} ${messages === 1 ? 'message' : 'messages'}`;
}

import { Command } from 'commander';
import type { ChannelOutcome, MessageRecord } from '../index.js';
import { type StoreOptions, serviceHelp, storeHelp, storeService } from './application.js';
import { CommandFailed } from './arguments.js';
import { channelCounts, jsonLine, some, timeText } from './message-texts.js';
import { visible } from './printable.js';
import { named, wrapped } from './table.js';
import type { Terminal } from './terminal.js';

/** Most names of one list. `--json` has all. */
const MOST_NAMES = 20;
/** Width of a line where there is no terminal. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** `pushrail message`: all that is recorded of one message. */
export function messageCommand(terminal: Terminal): Command {
  return new Command('message')
    .description('show what was recorded of a message, and what became of it')
    .argument('<id>', 'its id, as "pushrail messages" and a report have it')
    .argument('[module]', storeHelp)
    .option('--json', 'print it as one JSON object', false)
    .option('--service <name>', serviceHelp)
    .addHelpText('after', '\nExample:   pushrail message 018f3c3e-0000-7000-8000-000000000000 ./push.js')
    .action(async (id: string, path: string | undefined, { json, ...options }: StoreOptions & { json: boolean }) => {
      await using service = await storeService(path, terminal, options);
      const message = await service.messages.get(id);
      if (message === undefined) throw new CommandFailed(`There is no message ${id} in the store of this service.`);
      if (json) terminal.print(jsonLine(message));
      else for (const line of linesOf(message, Date.now(), terminal.columns ?? UNBOUNDED)) terminal.print(line);
    });
}

function linesOf(message: MessageRecord, now: number, width: number): readonly string[] {
  const outcomes = message.channels.flatMap((outcome) =>
    wrapped(outcomeText(outcome), width - 4).map((line, place) => (place === 0 ? '  ' : '    ') + line),
  );
  return [...named(valuesOf(message, now), width), ...outcomes];
}

function valuesOf(
  message: MessageRecord,
  now: number,
): readonly (readonly [name: string, value: string | undefined])[] {
  const { recipients, sentAt, expiresAt, template, error, condition, relatedTo } = message;
  const isWaiting = message.state === 'WAITING' || message.state === 'ERROR_RETRY';
  return [
    ['id', message.id],
    ['service', text(message.service)],
    ['state', `${message.state}, ${triesText(message)}`],
    ['event', text(message.event)],
    ['to', namesText(recipients.users, 'user') ?? namesText(recipients.channels, 'channel')],
    ['recorded', timeText(message.createdAt, now)],
    ['due', isWaiting ? timeText(message.sendAfter, now) : undefined],
    ['changed', timeText(message.changedAt, now)],
    ['sent', sentAt && timeText(sentAt, now)],
    ['expires', expiresAt && timeText(expiresAt, now)],
    ['priority', message.priority === 'normal' ? undefined : message.priority],
    ['template', template && `${text(template.slug)}, version ${template.version}`],
    ['backend', text(message.backend)],
    ['error', error && errorText(error)],
    ['reason', text(message.reason)],
    ['tag', text(message.tag)],
    ['key', text(message.key)],
    ['condition', condition && text(condition.name)],
    ['about', relatedTo.map(({ type, id }) => `${text(type)} ${text(id)}`).join(', ')],
    ['data', message.data === undefined ? undefined : jsonLine(message.data)],
    ['notice', message.notification && jsonLine(message.notification)],
    ['extra', message.extraData === undefined ? undefined : jsonLine(message.extraData)],
    ['channels', channelCounts(message.channels)],
  ];
}

function triesText({ attempts, retrySending }: MessageRecord): string {
  if (attempts === 0) return 'not tried yet';
  return `tried ${attempts === 1 ? 'once' : `${attempts} times`}${retrySending ? ', to be tried again' : ''}`;
}

function namesText(names: readonly string[] | undefined, noun: string): string | undefined {
  return names && `${names.length === 1 ? noun : `${names.length} ${noun}s:`} ${some(names, MOST_NAMES)}`;
}

function text(value: string | undefined): string | undefined {
  return value === undefined ? undefined : visible(value);
}

function errorText({ name, message, status, retryable, outcome }: NonNullable<MessageRecord['error']>): string {
  const facts = [
    status === undefined ? [] : `status ${status}`,
    outcome === undefined ? [] : outcome,
    retryable ? 'may pass' : 'for good',
  ].flat();
  return `${name}: ${visible(message)} (${facts.join(', ')})`;
}

function outcomeText({ state, channels, users, backend, error, reason, at }: ChannelOutcome): string {
  const whose = users === undefined ? '' : ` of ${some([...new Set(users)], MOST_NAMES)}`;
  const why = error === undefined ? text(reason) : errorText(error);
  const by = backend === undefined ? '' : ` by ${visible(backend)}`;
  return `${state}${by} at ${new Date(at).toISOString()}: ${some(channels, MOST_NAMES)}${whose}${why === undefined ? '' : `: ${why}`}`;
}

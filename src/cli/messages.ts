import { Command } from 'commander';
import type { MessageQuery, MessageRecord, MessageState, PushService } from '../index.js';
import { type StoreOptions, serviceHelp, storeHelp, storeService } from './application.js';
import { pointInTime, positiveNumber, states } from './arguments.js';
import { causeText, jsonLine, recipientsText, shortTime } from './message-texts.js';
import { fitted, visible } from './printable.js';
import { type Column, table } from './table.js';
import type { Terminal } from './terminal.js';

interface MessagesOptions extends StoreOptions {
  state?: MessageState[];
  tag?: string;
  since?: Date;
  until?: Date;
  recipient?: string;
  event?: string;
  key?: string;
  limit: number;
  json: boolean;
}

/** Most messages that are asked for at once. */
const PAGE = 1_000;

/** `pushrail messages`: lists recorded messages. */
export function messagesCommand(terminal: Terminal): Command {
  return new Command('messages')
    .description('list recorded messages, the newest first')
    .argument('[module]', storeHelp)
    .option('-s, --state <states>', 'in one of these states, such as WAITING,ERROR_RETRY', states)
    .option('-t, --tag <tag>', 'with this tag')
    .option('--since <time>', 'recorded since then: a date, or a time ago such as 2h', pointInTime)
    .option('--until <time>', 'recorded before then', pointInTime)
    .option('-r, --recipient <user>', 'for this user, by the id')
    .option('-e, --event <name>', 'with this event')
    .option('-k, --key <key>', 'with this key')
    .option('-n, --limit <number>', 'most messages to list', positiveNumber, 20)
    .option('--json', 'print each message as one JSON object', false)
    .option('--service <name>', serviceHelp)
    .addHelpText('after', '\nExample:   pushrail messages ./push.js --state ERROR --since 2h')
    .action(async (path: string | undefined, options: MessagesOptions) => {
      const { limit, json, service: name, ...given } = options;
      await using service = await storeService(path, terminal, { service: name });
      const query: MessageQuery<string> = given;
      const found = await newest(service, query, limit, terminal.stop);
      if (json) for (const message of found) terminal.print(jsonLine(message));
      else for (const line of linesOf(found, Date.now(), terminal.columns)) terminal.print(line);
      const total = found.length < limit ? found.length : await service.messages.count<string>(query);
      // With --json, all that is printed is JSON.
      const tell = json ? terminal.complain : terminal.print;
      if (total > found.length) tell(`${found.length} of ${total}. To see more: --limit ${Math.min(total, limit * 5)}`);
    });
}

async function newest(
  service: PushService,
  query: MessageQuery<string>,
  limit: number,
  stop: AbortSignal,
): Promise<readonly MessageRecord[]> {
  const found: MessageRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await service.messages.find<string>({ ...query, cursor, limit: Math.min(PAGE, limit - found.length) });
    found.push(...page.messages);
    cursor = page.cursor;
  } while (cursor !== undefined && found.length < limit && !stop.aborted);
  return found;
}

const age: Column = { title: 'AGE' };
const state: Column = { title: 'STATE' };
const event: Column = { title: 'EVENT', min: 14 };
const to: Column = { title: 'TO', min: 10 };
const tries: Column = { title: 'TRIES' };
const why: Column = { title: 'WHY', min: 16 };
const id: Column = { title: 'ID' };
const shortEvent: Column = { ...event, min: 8 };
const shortTo: Column = { ...to, min: 6 };

/** From the widest table to the narrowest: what does not fit is left out. `pushrail message` tells all. */
const layouts: readonly (readonly Column[])[] = [
  [age, state, tries, event, to, why, id],
  [age, state, event, to, id],
  [age, state, shortEvent, shortTo, id],
];

function linesOf(messages: readonly MessageRecord[], now: number, width: number | undefined): readonly string[] {
  if (messages.length === 0) return ['There are no such messages.'];
  for (const each of layouts) {
    const layout = each.filter((column) => column !== why || messages.some((message) => causeText(message) !== ''));
    const rows = messages.map((message) => layout.map((column) => textOf(message, column, now)));
    const lines = table(layout, rows, width);
    if (lines !== undefined) return lines;
  }
  // On a narrow terminal, the id has a line of its own.
  return messages.flatMap((message) => [
    fitted([age, state, event, to].map((column) => textOf(message, column, now)).join('  '), width ?? 0),
    `  ${message.id}`,
  ]);
}

function textOf(message: MessageRecord, column: Column, now: number): string {
  switch (column) {
    case age:
      return shortTime(now - message.createdAt.getTime());
    case state:
      return message.state;
    case event:
    case shortEvent:
      return visible(message.event);
    case to:
    case shortTo:
      return recipientsText(message);
    case tries:
      return String(message.attempts);
    case why:
      return causeText(message);
    default:
      return message.id;
  }
}

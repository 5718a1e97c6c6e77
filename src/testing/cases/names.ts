import assert from 'node:assert/strict';
import type { NameRule } from '../../core/names.js';
import { type CaseDefinition, type ExpectedRecord, failureOf, type Trial } from '../trial.js';

/** Characters with a meaning in addresses, queries, patterns, JSON, or the channels of a provider. */
const characters = [...'-_=@,.;:/\\%?#&+*!~ \'"<>{}[]()$|^`', 'é', '日本', '👍', '%2F', '..', '\n', '\0'];

export const nameCases: readonly CaseDefinition[] = [
  {
    name: 'sends to channels with special characters in their names, or refuses the names',
    async check(trial) {
      const rule = trial.capabilities.channelName;
      const names = characters.map((character) => `${trial.nameOf(1)}${character}x`);
      await trial.watch(names.filter((name) => keeps(rule, name)));
      await sendOrRefuse(trial, names, rule, (channel) => ({ channel, event: trial.event }));
    },
  },
  {
    name: 'sends events with special characters in their names, or refuses the names',
    async check(trial) {
      const channel = await trial.channel();
      const names = characters.map((character) => `${trial.event}${character}x`);
      await sendOrRefuse(trial, names, trial.capabilities.eventName, (event) => ({ channel, event }));
    },
  },
  {
    name: 'takes the longest channel name that its rule allows, and refuses a longer one',
    async check(trial) {
      const rule = trial.capabilities.channelName;
      const longest = trial.nameOf(1).padEnd(rule.maxLength, '1');
      assert.ok(keeps(rule, longest), `the rule allows ${rule.maxLength} characters, and not ${longest}`);
      await trial.watch([longest]);
      const sent = await trial.sendTo(longest, 1);
      await failureOf('a channel name over the limit', () => trial.sendTo(`${longest}1`, 1), 'VALIDATION');
      await trial.arrived([sent]);
    },
  },
  {
    name: 'takes the longest event name that its rule allows, and refuses a longer one',
    async check(trial) {
      const rule = trial.capabilities.eventName;
      const longest = trial.event.padEnd(rule.maxLength, '1');
      assert.ok(keeps(rule, longest), `the rule allows ${rule.maxLength} characters, and not ${longest}`);
      const channel = await trial.channel();
      const sent = await trial.sendTo(channel, 1, longest);
      await failureOf('an event name over the limit', () => trial.sendTo(channel, 1, `${longest}1`), 'VALIDATION');
      await trial.arrived([sent]);
    },
  },
  {
    name: 'sends nothing when one of several channels has a name that its rule refuses',
    lacks: (trial) =>
      keeps(trial.capabilities.channelName, lineBreakIn(trial.nameOf(1))) ? 'the backend takes any name' : undefined,
    async check(trial) {
      const channel = await trial.channel();
      const channels = [channel, lineBreakIn(channel)];
      const sending = (): unknown => trial.push.send({ channels, event: trial.event, data: 1 });
      await failureOf('a message to a channel with a refused name', sending, 'VALIDATION');
      await trial.arrived([]);
    },
  },
];

function lineBreakIn(name: string): string {
  return `${name}\n`;
}

function keeps({ pattern, maxLength }: NameRule, name: string): boolean {
  return name.length <= maxLength && name.search(pattern) >= 0;
}

/** Asserts that names within the rule arrive unchanged or are refused, and that all others are refused. */
async function sendOrRefuse(
  trial: Trial,
  names: readonly string[],
  rule: NameRule,
  target: (name: string) => { channel: string; event: string },
): Promise<void> {
  const sent: ExpectedRecord[] = [];
  for (const name of names) {
    const { channel, event } = target(name);
    const sending = (): Promise<ExpectedRecord> => trial.sendTo(channel, name, event);
    if (!keeps(rule, name)) {
      await failureOf(`the name ${JSON.stringify(name)}`, sending, 'VALIDATION');
      continue;
    }
    try {
      sent.push(await sending());
    } catch (error) {
      await failureOf(
        `the name ${JSON.stringify(name)}, which the rule allows,`,
        () => Promise.reject(error),
        'VALIDATION',
      );
    }
  }
  await trial.arrived(sent);
}

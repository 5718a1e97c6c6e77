import assert from 'node:assert/strict';
import { type CaseDefinition, failureOf, type Trial } from '../trial.js';

/** Length of the long text, in characters, unless a backend has a smaller limit. */
const LONG = 8_000;

const values: readonly (readonly [what: string, data: unknown])[] = [
  ['nested data', { a: [1, { b: [null, true, 'c'] }], d: { e: {} } }],
  ['an empty object', {}],
  ['an empty list', []],
  ['an empty text', ''],
  ['the number 0', 0],
  ['a fraction', -1.25e-7],
  ['false', false],
  ['null', null],
  ['a text that reads like JSON', '{"a":1}'],
  ['a text that reads like null', 'null'],
  ['a text with quotes, backslashes and line breaks', '"quoted" \\ and\r\n\tbroken \u2028 \u0000'],
  ['text beyond ASCII', { ключ: 'значение', emoji: '👩‍👩‍👧 and 𝄞', rtl: 'שלום' }],
  ['keys that mean something elsewhere', { event: 'e', data: 'd', id: 'i', channel: 'c', name: 'n' }],
];

export const dataCases: readonly CaseDefinition[] = [
  ...values.map(([what, data]) => ({
    name: `sends ${what} as it is`,
    async check(trial: Trial): Promise<void> {
      await trial.arrived([await trial.sendTo(await trial.channel(), data)]);
    },
  })),
  {
    name: 'sends a long text as it is',
    async check(trial) {
      const length = Math.min(LONG, Math.floor(trial.capabilities.maxPayloadBytes / 2));
      await trial.arrived([await trial.sendTo(await trial.channel(), 'x'.repeat(length))]);
    },
  },
  {
    name: 'sends the data as it was when send was called, and does not change it',
    async check(trial) {
      const channel = await trial.channel();
      const data = { list: [1, 2], inner: { kept: true } };
      const before = structuredClone(data);
      const sending = trial.push.send({ channels: channel, event: trial.event, data });
      data.list.push(3);
      data.inner.kept = false;
      await sending;
      assert.deepEqual(data, { list: [1, 2, 3], inner: { kept: false } });
      await trial.arrived([{ channel, event: trial.event, data: before }]);
    },
  },
  {
    name: 'takes data of exactly its limit',
    lacks: ({ capabilities }) => withoutLimit(capabilities.maxPayloadBytes),
    async check(trial) {
      const data = 'x'.repeat(longestText(trial));
      await trial.arrived([await trial.sendTo(await trial.channel(), data)]);
    },
  },
  {
    name: 'refuses data one byte over its limit, before anything is sent',
    lacks: ({ capabilities }) => withoutLimit(capabilities.maxPayloadBytes),
    async check(trial) {
      const [small = '', large = ''] = await trial.channels(2);
      const data = 'x'.repeat(longestText(trial) + 1);
      const messages = [
        { channels: small, event: trial.event, data: 1 },
        { channels: large, event: trial.event, data },
      ];
      await failureOf('data over the limit', () => trial.push.sendMany(messages), 'VALIDATION');
      await trial.arrived([]);
    },
  },
];

function withoutLimit(maxPayloadBytes: number): string | undefined {
  return Number.isFinite(maxPayloadBytes) ? undefined : 'the backend declares no maxPayloadBytes';
}

/** Length of the longest text of one-byte characters with a payload within the limit. */
function longestText(trial: Trial): number {
  const { backend, event } = trial;
  const { maxPayloadBytes } = trial.capabilities;
  const sizeOf = (length: number): number => {
    const data = 'x'.repeat(length);
    const json = backend.stringify?.(data) ?? JSON.stringify(data);
    const payload = backend.encode({ id: crypto.randomUUID(), event, json, notification: undefined });
    return Buffer.byteLength(payload);
  };
  let [fits, tooLong] = [0, maxPayloadBytes + 1];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (sizeOf(middle) <= maxPayloadBytes) fits = middle;
    else tooLong = middle;
  }
  return fits;
}

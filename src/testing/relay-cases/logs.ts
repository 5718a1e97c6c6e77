import assert from 'node:assert/strict';
import type { LogPart } from '../../index.js';
import type { Member, RelayCaseDefinition } from '../relay-trial.js';

const MAX_ENTRIES = 10_000;

/** Appends entries to the log `log`. */
async function append(member: Member, ...texts: readonly string[]): Promise<void> {
  const payload = new Uint8Array(0);
  for (let first = 0; first < texts.length; first += 500) {
    const messages = texts
      .slice(first, first + 500)
      .map((text) => ({ topic: 'topic', payload, entry: { log: 'log', text } }));
    assert.equal(await member.node.connection.publish(member.partition, member.incarnation, messages), true);
  }
}

function texts(part: LogPart | undefined): string[] | undefined {
  return part?.entries.map(({ text }) => text);
}

/** Goes past the first entries that wait. */
async function pass(member: Member, count: number, of: Parameters<Member['readLog']>[1] = {}): Promise<void> {
  const part = await member.readLog('log', { ...of, max: count });
  const last = part?.entries[count - 1];
  assert.ok(last, `readLog() must give ${count} entries`);
  assert.equal(await member.pass('log', last.id, of.reader), true, 'passInLog() of the reader');
}

export const logCases: readonly RelayCaseDefinition[] = [
  {
    name: 'reads a log from its oldest entry on, some at a time, and says how many wait',
    async check(trial) {
      const member = await trial.member('topic');
      const odd = 'c "\n\u{1f9ed}';
      await append(member, 'a', 'b', odd, 'd');
      const first = await member.readLog('log', { max: 3 });
      assert.deepEqual([texts(first), first?.waiting, first?.note], [['a', 'b', odd], 4, undefined]);
      assert.deepEqual(await member.readLog('log', { max: 3 }), first, 'what is read again');
      assert.equal(await member.pass('log', first?.entries[1]?.id ?? ''), true, 'passInLog()');
      const second = await member.readLog('log');
      assert.deepEqual([texts(second), second?.waiting], [[odd, 'd'], 2], 'what is read after passInLog()');
      await append(member, 'e');
      assert.deepEqual(texts(await member.readLog('log', { max: 5 })), [odd, 'd', 'e']);
      assert.deepEqual(texts(await member.readLog('another log')), []);
    },
  },
  {
    name: 'lets one node at a time read, until its time is over or it is evicted',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      const dead = await trial.member('topic', trial.shortMs);
      await append(one, 'a', 'b', 'c');
      assert.equal((await dead.readLog('log'))?.waiting, 3);
      assert.equal(await one.readLog('log'), undefined, 'readLog() while another one reads');
      assert.equal(await one.note('log', 'n'), false, 'noteInLog() while another one reads');
      await trial.short();
      await one.evict(dead.incarnation);
      assert.equal((await one.readLog('log'))?.waiting, 3, 'after the reader was evicted');
      assert.equal(await other.readLog('log'), undefined, 'readLog() while another one reads');
      await one.readLog('log', { leaseMs: trial.shortMs });
      await trial.short();
      const part = await other.readLog('log');
      assert.equal(part?.waiting, 3, 'when the time of the reader is over');
      assert.equal(await one.pass('log', part?.entries[0]?.id ?? ''), false, 'passInLog() of the reader before');
      assert.equal(await one.note('log', 'n'), false, 'noteInLog() of the reader before');
      assert.equal(await one.readLog('log'), undefined, 'readLog() of the reader before');
      assert.equal((await other.readLog('log'))?.waiting, 3, 'what waits');
    },
  },
  {
    name: 'gives the place of the reader up when there is nothing to read',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      assert.deepEqual(await one.readLog('log'), { entries: [], note: undefined, waiting: 0 });
      await append(one, 'a');
      assert.deepEqual(texts(await other.readLog('log')), ['a'], 'what another one reads');
      await pass(other, 1);
      assert.equal((await other.readLog('log'))?.waiting, 0);
      assert.equal(await other.note('log', 'n'), false, 'noteInLog() of one who has given up the place');
      await append(other, 'b');
      const part = await one.readLog('log');
      assert.deepEqual([texts(part), part?.note], [['b'], undefined]);
    },
  },
  {
    name: 'hands a note to whoever reads next, and takes it away when the reader goes on',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      await append(one, 'a', 'b');
      await one.readLog('log', { leaseMs: trial.shortMs });
      assert.equal(await one.note('log', 'first'), true);
      assert.equal(await one.note('log', 'second "\n'), true);
      assert.equal((await one.readLog('log', { leaseMs: trial.shortMs }))?.note, 'second "\n', 'the own note');
      await trial.short();
      assert.equal((await other.readLog('log'))?.note, 'second "\n', 'the note of the reader before');
      await pass(other, 1);
      assert.deepEqual(
        { note: (await other.readLog('log'))?.note, waiting: (await other.readLog('log'))?.waiting },
        { note: undefined, waiting: 1 },
      );
    },
  },
  {
    name: 'lets each reader go at its own pace',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      const readers = ['a', 'b "\n'];
      const [a, b] = readers.map((reader) => ({ reader, readers }));
      await append(one, '1', '2', '3');
      await pass(one, 2, a);
      assert.deepEqual(texts(await other.readLog('log', b)), ['1', '2', '3'], 'what another reader reads');
      assert.equal(await other.note('log', 'note', 'b "\n'), true);
      assert.deepEqual(await one.readLog('log', a).then((part) => [texts(part), part?.note]), [['3'], undefined]);
      await pass(one, 1, a);
      await append(one, '4');
      assert.deepEqual(texts(await one.readLog('log', a)), ['4']);
      assert.deepEqual(texts(await other.readLog('log', b)), ['1', '2', '3', '4']);
      await pass(other, 4, b);
      assert.deepEqual(texts(await one.readLog('log', a)), ['4'], 'what the slower one reads');
      assert.deepEqual(texts(await other.readLog('log', b)), []);
    },
  },
  {
    name: 'keeps 10 000 entries, the newest, for a reader that does not go on',
    async check(trial) {
      const member = await trial.member('topic');
      const readers = ['fast', 'slow'];
      await append(member, ...Array.from({ length: 500 }, (_, number) => `early ${number}`));
      await pass(member, 500, { reader: 'fast', readers });
      await append(member, ...Array.from({ length: MAX_ENTRIES }, (_, number) => String(number)));
      for (const reader of readers) {
        const part = await member.readLog('log', { reader, readers, max: 2 });
        assert.deepEqual([part?.waiting, texts(part)], [MAX_ENTRIES, ['0', '1']], `what waits for ${reader}`);
      }
    },
  },
];

import { describe, expect, it } from 'vitest';
import { checked } from './check.js';
import type { NodeRun, Period, Sent } from './record.js';

const run: NodeRun = { name: 'a1', tag: 1, log: [], deaf: [], stops: [] };
const socketId = `${2 ** 27 + 5}.1`;

/** Messages that were accepted, one each second. */
const sent: readonly Sent[] = Array.from({ length: 30 }, (_, index) => ({
  ...{ id: `n${index}`, channel: 'room', from: index * 1000, to: index * 1000 + 10, outcome: 'accepted' },
}));

function period(received: readonly string[], others: Partial<Period> = {}): Period {
  const times = received.map((_, index) => index);
  return {
    ...{
      client: 'client 1',
      user: 'u1',
      channel: 'room',
      socketId,
      from: 0,
      received: [...received],
      times,
      faults: [],
    },
    ...others,
  };
}

const all = sent.map(({ id }) => id);

function without(...ids: readonly string[]): string[] {
  return all.filter((id) => !ids.includes(id));
}

describe('the check of a run with faults', () => {
  it('is content when each subscription has got all of its messages', () => {
    const late = period(all.slice(10), { from: 9500 });
    expect(checked([period(all), late], sent, [run])).toEqual({
      ...{ problems: [], deliveries: 50, missedInSpans: 0, due: 50 },
    });
  });

  it.each<[what: string, periods: Period[], runs: Partial<NodeRun>, problem: RegExp]>([
    ['was missed', [period(without('n7'))], {}, /client 1 .* on a1\) on room .*n7 .* was missed/],
    ['was missed at the end', [period(without('n29'))], {}, /n29 .* was missed/],
    ['was missed beside a deaf span', [period(without('n7'))], { deaf: [[7011, 9000]] }, /n7 .* was missed/],
    ['was missed before a kill', [period(without('n7'), { to: 29_500 })], { killedAt: 29_000 }, /n7 .* was missed/],
    ['came twice', [period([...all, 'n7'])], {}, /n7 came twice/],
    ['came after one that was sent later', [period([...without('n7'), 'n7'])], {}, /n7 .* came after n29/],
    ['came to the wrong channel', [period(all, { channel: 'other' })], {}, /came on another channel/],
  ])('finds a message that %s', (_, periods, its, problem) => {
    expect(checked(periods, sent, [{ ...run, ...its }]).problems.join('\n')).toMatch(problem);
  });

  it('finds a message that came, though its report says that it was not sent', () => {
    const refused = sent.map((message) =>
      message.id === 'n3' ? { ...message, outcome: 'rejected' as const } : message,
    );
    expect(checked([period(all)], refused, [run]).problems).toEqual([expect.stringMatching(/n3 .* was not sent/)]);
  });

  it('finds two clients that have seen two orders', () => {
    const atOnce = sent.map((message) => ({ ...message, from: 0, to: 60_000 }));
    const other = period(['n1', 'n0', ...all.slice(2)], { client: 'client 2' });
    expect(checked([period(all), other], atOnce, [run]).problems).toEqual([expect.stringMatching(/no one order/)]);
  });

  it('finds what a client has noted itself, and a socket of no node', () => {
    const faults = ['a member twice in the list'];
    expect(checked([period(all, { faults })], sent, [run]).problems).toEqual([
      expect.stringMatching(/twice in the list/),
    ]);
    expect(checked([period(all)], sent, []).problems).toEqual([expect.stringMatching(/no node has this socket/)]);
  });

  it.each<[where: string, Period, Partial<NodeRun>]>([
    ['in a deaf span', period(without('n7')), { deaf: [[7010, 8000]] }],
    ['just before the end of a connection', period(without('n28', 'n29'), { to: 29_500 }), {}],
    ['before a kill, when nothing came afterwards', period(all.slice(0, 22), { to: 29_500 }), { killedAt: 29_500 }],
    ['while the node stood still', period(all.slice(0, 15), { to: 29_500 }), { stops: [[15_500, 30_000]] }],
  ])('lets go what was missed %s', (_, missing, its) => {
    expect(checked([missing], sent, [{ ...run, ...its }]).problems).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { roundrobin } from '../../../src/backends/composite/roundrobin.js';
import { DeliveryError } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { NamedBackend } from './support/named-backend.js';
import { failure, refusal, serviceOf, throwing, unreached } from './support/service.js';

const message = { event: 'e', data: 1 };

function three(): [NamedBackend, NamedBackend, NamedBackend] {
  return [new NamedBackend('a'), new NamedBackend('b'), new NamedBackend('c')];
}

describe('roundrobin', () => {
  test('takes its backends in turn', async () => {
    const all = three();
    const { push } = serviceOf(roundrobin(...all), { concurrency: 1 });
    await push.send({ ...message, channels: ['1', '2', '3', '4'] });
    expect(all.map(({ sent }) => sent.flat())).toEqual([['1', '4'], ['2'], ['3']]);
  });

  test('hands what one refuses to the next', async () => {
    const all = three();
    all[0].answer = throwing(() => refusal('no'));
    all[1].answer = throwing(unreached);
    const { push } = serviceOf(roundrobin(...all), { concurrency: 1 });
    await push.send({ ...message, channels: ['1', '2', '3'] });
    expect(all.map(({ sent }) => sent.flat())).toEqual([['1'], ['1', '2'], ['1', '2', '3']]);
  });

  test('stays after an unknown outcome', async () => {
    const all = three();
    all[0].answer = throwing(() => failure('unknown'));
    const { push } = serviceOf(roundrobin(...all));
    expect((await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }))).outcome).toBe('unknown');
    expect(all.map(({ sent }) => sent.length)).toEqual([1, 0, 0]);
  });

  test('shares the turns of one that is left out among the others', async () => {
    const all = three();
    all[1].answer = throwing(unreached);
    const { push } = serviceOf(roundrobin(...all), { concurrency: 1 });
    // The fifth turn of the second opens its circuit.
    await push.send({ ...message, channels: Array.from({ length: 15 }, (_, index) => `c${index}`) });
    const before = all.map(({ requests }) => requests.length);
    expect(before[1]).toBe(5);
    await push.send({ ...message, channels: ['1', '2', '3', '4', '5', '6'] });
    expect(all.map(({ requests }, index) => requests.length - (before[index] ?? 0))).toEqual([3, 0, 3]);
  });
});

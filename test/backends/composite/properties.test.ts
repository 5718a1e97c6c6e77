import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import { fanout } from '../../../src/backends/composite/fanout.js';
import { roundrobin } from '../../../src/backends/composite/roundrobin.js';
import { type ChannelResult, createPushService, type SendReport } from '../../../src/index.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { NamedBackend } from './support/named-backend.js';
import { failure, refusal, unreached } from './support/service.js';

/** What a backend answers for a channel. */
const answers = {
  accepts: () => undefined,
  refuses: () => refusal('no'),
  'is not reached': unreached,
  'loses the answer': () => failure('unknown', true),
  breaks: () => failure('unknown'),
} as const;

type Answer = keyof typeof answers;

interface Sent {
  readonly backend: string;
  readonly channel: string;
  readonly answer: Answer;
}

const channels = ['x', 'y', 'z'];
/** The answers of each backend, one after the other; it accepts what comes after. */
const script = fc.array(fc.constantFrom(...(Object.keys(answers) as Answer[])), { maxLength: 12 });

class ScriptedBackend extends NamedBackend {
  constructor(name: string, answersLeft: Answer[], log: Sent[]) {
    super(name, { maxChannelsPerRequest: 10 });
    const next = (channel: string): Error | undefined => {
      const answer = answersLeft.shift() ?? 'accepts';
      log.push({ backend: name, channel, answer });
      return answers[answer]();
    };
    this.answer = ({ method, channels: [first = '', ...more] }) => {
      if (method === 'sendBatch')
        return [first, ...more].map((channel): ChannelResult => {
          const error = next(channel);
          return { channel, ...(error && { error }) };
        });
      const error = next(first);
      if (error !== undefined) throw error;
      return undefined;
    };
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function sent(
  make: typeof failover | typeof roundrobin | typeof fanout,
  scripts: readonly (readonly Answer[])[],
): Promise<{ log: readonly Sent[]; report: SendReport }> {
  const log: Sent[] = [];
  const backends = scripts.map((own, index) => new ScriptedBackend(`b${index}`, [...own], log));
  const push = createPushService({ backend: make(...backends), logger: new RecordingLogger(), retries: 3 });
  const work = push.send({ channels, data: 1 }).catch(({ report }) => report as SendReport);
  await vi.runAllTimersAsync();
  const report = await work;
  await push.close();
  return { log, report };
}

/** What was sent for one channel, in order. */
function of(log: readonly Sent[], channel: string): readonly Sent[] {
  return log.filter((entry) => entry.channel === channel);
}

const mayHaveArrived = (entry: Sent): boolean => !['refuses', 'is not reached'].includes(entry.answer);

describe('whatever the backends answer', () => {
  test.each([{ make: failover }, { make: roundrobin }])(
    '$make.name lets a message arrive through one backend alone, and says truly whether it did',
    async ({ make }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(script, { minLength: 2, maxLength: 4 }), async (scripts) => {
          const { log, report } = await sent(make, scripts);
          for (const channel of channels) {
            const own = of(log, channel);
            expect(new Set(own.filter(mayHaveArrived).map(({ backend }) => backend)).size).toBeLessThanOrEqual(1);
            expect(own.slice(0, -1).map(({ answer }) => answer)).not.toContain('accepts');
            expect(report.accepted.includes(channel)).toBe(own.at(-1)?.answer === 'accepts');
            for (const { backend } of own) {
              const refusals = own.filter((entry) => entry.backend === backend && entry.answer === 'refuses');
              expect(refusals.length).toBeLessThanOrEqual(1);
            }
          }
        }),
        { numRuns: 100 },
      );
    },
  );

  test('fanout sends to no backend again that accepted, and says truly whether all did', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(script, { minLength: 2, maxLength: 4 }), async (scripts) => {
        const { log, report } = await sent(fanout, scripts);
        for (const channel of channels) {
          const last = scripts.map((_own, index) => {
            const own = of(log, channel).filter(({ backend }) => backend === `b${index}`);
            expect(own.slice(0, -1).map(({ answer }) => answer)).not.toContain('accepts');
            expect(own.filter(({ answer }) => answer === 'refuses').length).toBeLessThanOrEqual(1);
            return own.at(-1)?.answer;
          });
          expect(report.accepted.includes(channel)).toBe(last.every((answer) => answer === 'accepts'));
        }
      }),
      { numRuns: 100 },
    );
  });
});

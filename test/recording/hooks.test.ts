import { expect, it, vi } from 'vitest';
import { ConfigurationError, type SessionAdapter } from '../../src/index.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;
const hangs = (): Promise<never> => new Promise(() => {});
const message = { event: 'hello', channels: 'a' } as const;

it('seal() that does not answer fails the send in time, and nothing is recorded', async () => {
  const recording = { seal: hangs, unseal: (text: string) => text };
  await using recorded = recordedService({ recording, timeout: 200 });
  await recorded.push.ready();
  await expect(recorded.push.send(message)).rejects.toMatchObject({
    code: 'TIMEOUT',
    outcome: 'rejected',
    message: 'The setting "recording.seal" did not answer within 200 ms: nothing was recorded.',
  });
  expect(await recorded.push.messages.count()).toBe(0);
});

it('seal() that throws fails the send with an error that says so', async () => {
  const seal = (): string => {
    throw new Error('no key');
  };
  await using recorded = recordedService({ recording: { seal, unseal: (text) => text } });
  const failure = await recorded.push.send(message).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigurationError);
  expect(failure).toMatchObject({
    message: 'The setting "recording.seal" failed, so nothing was recorded: no key',
  });
});

it('unseal() that does not answer holds no worker up: the message is tried again', async () => {
  let isAway = true;
  const recording = {
    retryDelays: ['1m'] as const,
    seal: (text: string) => text,
    unseal: (text: string) => (isAway ? hangs() : text),
  };
  await using recorded = recordedService({ recording, timeout: 200 });
  const { push, backend, clock, events } = recorded;
  await push.send({ ...message, delay: '1s' });
  await clock.advance(2_000);
  await vi.waitFor(() => expect(events).toContain('retrying hello'));
  isAway = false;
  await clock.advance(2 * MINUTE);
  expect(backend.sent).toEqual([['a']]);
});

it('recall() that does not answer holds no worker up: the message is tried again', async () => {
  let isAway = true;
  const sessions: SessionAdapter = {
    channelsFor: async (users) => users.map((user) => [`of-${user}`]),
    recall: (id) => (isAway ? hangs() : id),
  };
  await using recorded = recordedService({ sessions, timeout: 200 });
  const { push, backend, clock, events } = recorded;
  await push.send({ event: 'hello', users: 'ann', delay: '1s' });
  await clock.advance(2_000);
  await vi.waitFor(() => expect(events).toContain('retrying hello'));
  isAway = false;
  await clock.advance(2 * MINUTE);
  expect(backend.sent).toEqual([['of-ann']]);
});

it('errors of an application keep the secrets of the backend out of the record', async () => {
  await using recorded = recordedService();
  const { push, backend, clock } = recorded;
  vi.spyOn(backend, 'redact').mockImplementation((text) => text.replaceAll('s3cret', '[secret]'));
  push.condition('failing', () => {
    throw new Error('401 for s3cret');
  });
  const { id } = await push.send({ ...message, when: 'failing' });
  await clock.advance(0);
  const record = await push.messages.get(id);
  expect(record?.error?.message).toBe('The condition "failing" failed, so nothing was sent: 401 for [secret]');
});

it.each([
  [undefined, 'a value of type undefined'],
  [1, 'a value of type number'],
  [null, 'null'],
])('a condition that answers %j is asked again, and the message is neither sent nor skipped', async (answer, found) => {
  await using recorded = recordedService();
  const { push, backend } = recorded;
  push.condition('odd', () => answer as never);
  const { id, status } = await push.send({ ...message, when: 'odd' });
  expect(status).toBe('waiting');
  const text = `The condition "odd" failed, so nothing was sent: it must return true or false, not ${found}.`;
  expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY', error: { message: text } });
  expect(backend.sent).toEqual([]);
});

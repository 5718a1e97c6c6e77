import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Progress } from '../../src/cli/progress.js';
import { DeliveryError } from '../../src/index.js';
import { recordedService } from '../recording/recorded-service.js';
import { RecordingTerminal } from './recording-terminal.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

it('prints what became of messages every ten seconds, if there is anything, and the last of it at the end', async () => {
  await using recorded = recordedService({ recording: { retryDelays: [] } });
  const { push, backend } = recorded;
  const terminal = new RecordingTerminal();
  const progress = new Progress(push, terminal);
  vi.advanceTimersByTime(60_000);
  expect(terminal.printed).toEqual([]);
  const send = () => push.send({ event: 'e', channels: 'a', data: 1 });
  await send();
  await send();
  backend.answer = () => {
    throw new DeliveryError('The provider refuses it.', { retryable: false, outcome: 'rejected' });
  };
  await expect(send()).rejects.toThrow('refuses');
  vi.advanceTimersByTime(60_000);
  expect(terminal.printed).toEqual(['2 sent, 1 failed; last error: The provider refuses it.']);
  await push.send({ event: 'e', users: 'nobody', data: 1 });
  progress.end();
  expect(terminal.printed.slice(1)).toEqual(['1 skipped']);
  vi.advanceTimersByTime(60_000);
  expect(terminal.printed).toHaveLength(2);
});

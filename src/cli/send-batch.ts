import { Command } from 'commander';
import { type BatchOptions, type BatchResult, PushError, type PushService } from '../index.js';
import { moduleHelp, serviceOf } from './application.js';
import { CommandFailed, duration, positiveNumber } from './arguments.js';
import { BatchDisplay } from './batch-display.js';
import { oneLine, type Terminal } from './terminal.js';

interface SendBatchOptions extends Pick<BatchOptions, 'size' | 'maxAttempts' | 'maxAge' | 'concurrency'> {
  watch: boolean;
}

/** How long `--watch` waits until it looks again: when nothing was due, and when the provider or the store is away. */
const REST_MS = 1_000;
const AWAY_MS = 5_000;

/** `pushrail send-batch`: sends what is due in the message store, and ends. */
export function sendBatchCommand(terminal: Terminal): Command {
  return new Command('send-batch')
    .description('send what is due in the message store, and end: for cron')
    .argument('<module>', moduleHelp)
    .option('-n, --size <number>', 'most messages to take (default: all that are due)', positiveNumber)
    .option('--max-attempts <number>', 'end as ERROR what fails and was tried so many times', positiveNumber)
    .option('--max-age <duration>', 'end as ERROR what was first due longer ago, such as 2d', duration)
    .option(
      '-c, --concurrency <number>',
      'most messages under way at once (default: that of the module)',
      positiveNumber,
    )
    .option('-w, --watch', 'go on until it is stopped', false)
    .addHelpText(
      'after',
      `
The exit code is 1 when a message failed for good, or when the store does not answer.

Example:   pushrail send-batch ./push.js --size 1000 --max-attempts 3 --max-age 2d`,
    )
    .action(async (path: string, { watch, ...options }: SendBatchOptions) => {
      await using service = await serviceOf(path);
      const display = new BatchDisplay(service, terminal);
      const stop = (): void => {
        display.stopping();
        // It gives up what takes too long, as everywhere. The batch has its result before the store closes.
        void service.close();
      };
      terminal.stop.addEventListener('abort', stop, { once: true });
      try {
        if (watch) await sendUntilStopped(service, options, display, terminal);
        else display.ended(await sendOnce(service, options, display, terminal));
      } finally {
        terminal.stop.removeEventListener('abort', stop);
        display.end();
      }
      // A process that ran for days is told to stop because somebody wants it to, and not because of a failure.
      const isToldToStop = watch && terminal.stop.aborted;
      if (!isToldToStop && display.failed > 0) throw new CommandFailed();
    });
}

function sendOnce(
  service: PushService,
  options: BatchOptions,
  display: BatchDisplay,
  { stop }: Terminal,
): Promise<BatchResult> {
  return service.sendBatch({ ...options, signal: stop, onProgress: (progress) => display.progress(progress) });
}

/** Sends until it is told to stop, or until it has taken `size` messages. */
async function sendUntilStopped(
  service: PushService,
  { size = Number.POSITIVE_INFINITY, ...options }: BatchOptions,
  display: BatchDisplay,
  terminal: Terminal,
): Promise<void> {
  let isStoreAway = false;
  while (!terminal.stop.aborted && display.taken < size) {
    let restMs = REST_MS;
    try {
      const left = size - display.taken;
      const own = Number.isFinite(left) ? { ...options, size: left } : options;
      const result = await sendOnce(service, own, display, terminal);
      isStoreAway = false;
      display.round(result);
      if (result.ended === 'provider away') restMs = AWAY_MS;
    } catch (error) {
      if (!PushError.isPushError(error) || !error.retryable) throw error;
      if (!isStoreAway) terminal.complain(`error: ${oneLine(error.message)} It is tried again.`);
      isStoreAway = true;
      restMs = AWAY_MS;
    }
    await rest(restMs, terminal.stop);
  }
  display.summary();
}

function rest(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener('abort', end, { once: true });
  });
}

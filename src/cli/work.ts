import { Command } from 'commander';
import type { RunningWorker } from '../index.js';
import { moduleHelp, serviceOf } from './application.js';
import { portNumber, positiveNumber } from './arguments.js';
import { type Health, openHealthPort } from './health-port.js';
import { Progress } from './progress.js';
import { type Terminal, untilStopped } from './terminal.js';

interface WorkCommandOptions {
  concurrency?: number;
  port?: number;
  host: string;
}

/** `pushrail work`: a worker alone, which sends what waits in the message store of an application. */
export function workCommand(terminal: Terminal): Command {
  return new Command('work')
    .description('send what waits in the message store, until it is stopped')
    .argument('<module>', moduleHelp)
    .option(
      '-c, --concurrency <number>',
      'most messages under way at once (default: that of the module)',
      positiveNumber,
    )
    .option('--port <port>', 'port that answers GET /up, for health checks (default: none)', portNumber)
    .option('--host <address>', 'address of that port', '127.0.0.1')
    .action(async (path: string, { concurrency, port, host }: WorkCommandOptions) => {
      let worker: RunningWorker | undefined;
      await using health =
        port === undefined ? undefined : await openHealthPort(port, host, () => healthOf(worker, terminal));
      if (health !== undefined) terminal.print(`Health is at ${health.address}.`);
      await using service = await serviceOf(path);
      const progress = new Progress(service, terminal);
      try {
        worker = await service.work({ concurrency });
        terminal.print(
          `Sending the messages of "${worker.service}" in the ${worker.store} store by ${service.backend.name}, ${worker.concurrency} at once. Stop with Ctrl-C.`,
        );
        await untilStopped(terminal);
        terminal.print(`Stopping: ${worker.underWay} under way.`);
        await service.close();
      } finally {
        progress.end();
      }
      terminal.print('Stopped.');
    });
}

function healthOf(worker: RunningWorker | undefined, { stop }: Terminal): Health {
  if (stop.aborted) return { isUp: false, body: { state: 'stopping', underWay: worker?.underWay ?? 0 } };
  if (worker === undefined) return { isUp: false, body: { state: 'starting' } };
  const { state, underWay, concurrency, service, store } = worker;
  const isUp = state === 'working' || state === 'provider away';
  return { isUp, body: { state, underWay, concurrency, service, store } };
}

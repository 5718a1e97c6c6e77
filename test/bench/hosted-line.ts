import { fileURLToPath } from 'node:url';
import type { Form, Progress } from './benchmark.ts';
import { Child } from './child.ts';
import type { Contestant } from './processes/hosted-contestants.ts';
import type { HostedSenderCommands, SendingFigures } from './processes/hosted-sender.ts';
import type { HostedSinkCommands } from './processes/hosted-sink.ts';

/** Latency that is added to the line, there and back, in milliseconds. */
export const LATENCY_MS = 20;

/** An application, and at the end of a slow line the providers that it sends to. All contestants send through it. */
export interface Line {
  readonly sender: Child<HostedSenderCommands>;
  readonly sink: Child<HostedSinkCommands>;
  readonly progress: Progress;
  readonly form: Form;
}

export async function openLine(progress: Progress, form: Form): Promise<Line & AsyncDisposable> {
  process.env['NODE_EXTRA_CA_CERTS'] = fileURLToPath(new URL('../support/tls/localhost-cert.pem', import.meta.url));
  const sink = new Child<HostedSinkCommands>('hosted-sink');
  const sender = new Child<HostedSenderCommands>('hosted-sender', ['--expose-gc', '--no-deprecation']);
  await sender.ask('connect', await sink.ask('listen', LATENCY_MS / 2));
  const close = async (): Promise<void> => {
    await sender[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
  };
  return { sender, sink, progress, form, [Symbol.asyncDispose]: close };
}

/** Time of one contestant. @param expected requests, of which each must have come in */
export async function timed(
  { sink, sender, progress }: Line,
  contestant: Contestant,
  count: number,
  expected: number,
): Promise<SendingFigures> {
  await sink.ask('counted');
  const figures = await sender.ask('measured', contestant, count);
  const { requests, mostConnections } = await sink.ask('counted');
  const { seconds, cpuSeconds } = figures;
  progress(
    `${contestant}, ${count}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU, ${requests} requests, ${mostConnections} connections at most`,
  );
  if (requests !== expected) throw new Error(`${contestant} made ${requests} requests instead of ${expected}.`);
  return figures;
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createPushService, memorySessions } from 'pushrail';
import { answer } from './answer.ts';
import { build, type Clients, type Contestant, contestants, data, keys } from './hosted-contestants.ts';
import type { Provider } from './hosted-sink.ts';
import { cpuSeconds, memoryInUse } from './usage.ts';

/** An application that sends to hosted providers, with pushrail or with their SDKs. */
export interface HostedSenderCommands {
  connect(ports: Record<Provider, number>): void;
  /** An event to so many channels, or so many sends. */
  measured(contestant: Contestant, count: number): Promise<SendingFigures>;
  /** One `send` to so many users; needs `--expose-gc`. */
  sendToUsers(users: number): Promise<UsersFigures>;
}

export interface SendingFigures {
  readonly seconds: number;
  /** CPU time of this process. */
  readonly cpuSeconds: number;
}

export interface UsersFigures {
  /** Growth of the memory at its peak, in bytes a channel. */
  readonly peakBytes: number;
  /** Longest time that the event loop was blocked, in milliseconds. */
  readonly blockedMs: number;
}

let ports: Record<Provider, number> | undefined;
let clients: Clients | undefined;

answer<HostedSenderCommands>({
  connect(found) {
    ports = found;
    clients = build(found);
  },
  async measured(contestant, count) {
    if (clients === undefined) throw new Error('connect comes first');
    const startedAt = performance.now();
    const before = cpuSeconds();
    await contestants[contestant](clients, count);
    return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: cpuSeconds() - before };
  },
  async sendToUsers(count) {
    if (ports === undefined) throw new Error('connect comes first');
    const sessions = memorySessions<number>();
    const users = Array.from({ length: count }, (_, index) => index);
    for (const user of users) await sessions.add(user, `private-session-${user}`);
    const options = { host: '127.0.0.1', port: ports.pusher };
    const push = createPushService({ backend: 'pusher', ...keys, options, sessions });
    await push.send({ users: 1, data });
    const before = await memoryInUse();
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    let peak = 0;
    // The clock of the event loop begins at its next turn; what comes before would not count.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const timer = setInterval(() => {
      const { heapUsed, external } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + external);
    }, 2);
    const { accepted } = await push.send({ users, data });
    clearInterval(timer);
    loop.disable();
    await push.close();
    if (accepted.length !== count) throw new Error(`Only ${accepted.length} were accepted.`);
    return { peakBytes: (peak - before.heap) / count, blockedMs: loop.max / 1e6 };
  },
});

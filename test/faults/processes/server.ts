import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createPushService } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';
import { sqliteMessages } from 'pushrail/messages/sqlite';

/** What the server is asked, one after the other. */
export type ServerQuestion = 'watch' | 'send' | 'ended';

/** What it answers to `ended`, when all that it was told to send has ended. */
export interface WatchedServer {
  readonly statuses: readonly string[];
  /** The longest time in which its event loop stood still, in milliseconds. */
  readonly longestMs: number;
  readonly meanMs: number;
}

const { file } = JSON.parse(process.argv[2] ?? '') as { readonly file: string };
const backend = new WebSocketService({ appId: 'app', pubKey: 'key', secretKey: 'secret', options: { port: 0 } });
const push = createPushService({
  backend,
  messages: sqliteMessages({ file, lockTimeout: 60_000 }),
  worker: { poll: '20ms' },
  timeout: 60_000,
});
const delay = monitorEventLoopDelay({ resolution: 1 });
const sends: Promise<string>[] = [];

async function answer(question: ServerQuestion): Promise<unknown> {
  if (question === 'watch') {
    delay.enable();
    return 'watching';
  }
  if (question === 'send') {
    const message = { event: 'n', channels: ['all'], data: { number: sends.length } };
    sends.push(push.send(message).then(({ status }) => status, String));
    return 'sending';
  }
  const statuses = await Promise.all(sends);
  delay.disable();
  return { statuses, longestMs: delay.max / 1e6, meanMs: delay.mean / 1e6 } satisfies WatchedServer;
}

process.on('message', async (question: ServerQuestion) => process.send?.(await answer(question)));
await push.ready();
await push.messages.count();
process.send?.(backend.address?.port);

import { createPushService, DeliveryError } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';
import { credentials, type NodeNews, type NodeOptions, type NodeOrder, type Sent } from '../record.ts';

const options = JSON.parse(process.argv[2] ?? '') as NodeOptions;
const tell = (news: NodeNews): void => void process.send?.(news);

const log =
  (level: string) =>
  (fields: object, text = ''): void => {
    const { err, ...others } = fields as { readonly err?: unknown; readonly since?: Date; readonly until?: Date };
    const details = [err instanceof Error ? err.message : '', JSON.stringify(others)].join(' ').trim();
    const isDeaf = others.since !== undefined && others.until === undefined;
    tell({
      news: 'log',
      line: `${new Date().toISOString()} ${options.name} ${level} ${text} ${details}`,
      ...(isDeaf && { deafSince: others.since?.getTime() ?? 0 }),
    });
  };

const backend = new WebSocketService({
  ...credentials,
  options: { host: '127.0.0.1', port: 0, relay: options.relay, maxPresenceMembers: 1000 },
});
backend.api.onDeaf(({ since, until }) => tell({ news: 'deaf', span: [since.getTime(), until.getTime()] }));
const push = createPushService({
  backend,
  retries: 0,
  timeout: 30_000,
  logger: { debug() {}, info: log('info'), warn: log('warn'), error: log('error') },
});

const filling = 'x'.repeat(options.bytes ?? 0);
let ended: Sent[] = [];
let number = 0;
let underWay = 0;

async function send(): Promise<void> {
  const id = `${options.name}:${++number}`;
  const channel = options.channels[Math.floor(Math.random() * options.channels.length)] ?? '';
  const from = Date.now();
  underWay++;
  let outcome: Sent['outcome'] = 'accepted';
  let reason: string | undefined;
  try {
    await push.send({ event: 'n', channels: [channel], data: { id, filling } });
  } catch (error) {
    outcome = error instanceof DeliveryError && error.outcome === 'rejected' ? 'rejected' : 'unknown';
    reason = String(error);
  }
  underWay--;
  ended.push({ id, channel, from, to: Date.now(), outcome, error: reason });
}

function flush(): void {
  if (ended.length > 0) tell({ news: 'sent', sent: ended });
  ended = [];
}

let flow: NodeJS.Timeout | undefined;
process.on('message', (order: NodeOrder) => {
  if (order === 'flow') {
    flow = setInterval(() => void send(), 1000 / options.messagesPerSecond);
    setInterval(flush, 20);
    return;
  }
  clearInterval(flow);
  const timer = setInterval(() => {
    if (underWay > 0) return;
    clearInterval(timer);
    flush();
    tell({ news: 'quiet' });
  }, 20);
});
process.on('disconnect', () => process.exit());
process.on('unhandledRejection', (error) => {
  log('error')({ err: error }, 'UNHANDLED');
  throw error;
});
await push.ready();
tell({ news: 'ready', port: backend.address?.port ?? 0 });

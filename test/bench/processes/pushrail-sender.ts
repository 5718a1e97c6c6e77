import { createPushService, memorySessions, PushServiceWrapper } from 'pushrail';
import { answer } from './answer.ts';
import { eventData } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

/** Applications that send over a backend which does nothing, or to the embedded server in their own process. */
export interface SenderCommands {
  /** CPU seconds for one `send` to one channel. */
  secondsPerSend(sends: number, kind: 'single' | 'embedded'): Promise<number>;
  /** CPU seconds for each message of a `sendMany`, each to a channel of its own. */
  secondsPerMessage(messages: number, calls: number): Promise<number>;
  /** CPU seconds for each user of a `send` to users with one session each, in memory. */
  secondsPerUser(users: number, sends: number): Promise<number>;
  /** CPU seconds for each channel of a `send` to many, which no `send` before went to. */
  secondsPerChannel(channels: number, sends: number, kind: BackendKind): Promise<number>;
}

/** Whether the backend is called for each channel or once for all. */
export type BackendKind = 'single' | 'batch';

class NothingService extends PushServiceWrapper {
  protected override async sendData(): Promise<void> {}
}

class BatchingNothingService extends NothingService {
  protected override async sendBatch(): Promise<void> {}
}

const sessions = memorySessions<number>();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const services = {
  single: createPushService({ backend: NothingService }),
  batch: createPushService({ backend: BatchingNothingService, sessions }),
  // Nobody can reach it, which it would warn of.
  embedded: createPushService({ backend: 'websocket', appId: '1', pubKey: 'key', secretKey: 'secret', logger: quiet }),
};
const data = eventData(100);

let namesSoFar = 0;

/** Names as they come from a database: each a text of its own, that nothing has looked at yet. */
function freshNames(count: number): readonly string[] {
  const names = Array.from({ length: count }, () => `channel-${namesSoFar++}`);
  return JSON.parse(JSON.stringify(names)) as readonly string[];
}

answer<SenderCommands>({
  async secondsPerSend(sends, kind) {
    const before = cpuSeconds();
    for (let sent = 0; sent < sends; sent++) await services[kind].send({ event: 'bench', channels: 'bench', data });
    return (cpuSeconds() - before) / sends;
  },
  async secondsPerMessage(count, calls) {
    const messages = Array.from({ length: count }, (_, index) => ({
      event: 'bench',
      channels: `channel-${index}`,
      data,
    }));
    const before = cpuSeconds();
    for (let call = 0; call < calls; call++) await services.single.sendMany(messages);
    return (cpuSeconds() - before) / (count * calls);
  },
  async secondsPerUser(count, sends) {
    const users = Array.from({ length: count }, (_, index) => index);
    for (const user of users) await sessions.add(user, `session-${user}`);
    const before = cpuSeconds();
    for (let sent = 0; sent < sends; sent++) await services.batch.send({ event: 'bench', users, data });
    return (cpuSeconds() - before) / (count * sends);
  },
  async secondsPerChannel(channels, sends, kind) {
    const lists = Array.from({ length: sends }, () => freshNames(channels));
    const before = cpuSeconds();
    for (const names of lists) await services[kind].send({ event: 'bench', channels: names, data });
    return (cpuSeconds() - before) / (channels * sends);
  },
});

import { createPushService, PushServiceWrapper } from 'pushrail';
import { answer } from './answer.ts';
import { eventData } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

/** Applications that send over a backend which does nothing. */
export interface SenderCommands {
  /** CPU seconds for one `send` to one channel. */
  secondsPerSend(sends: number): Promise<number>;
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

const services = {
  single: createPushService({ backend: NothingService }),
  batch: createPushService({ backend: BatchingNothingService }),
};
const data = eventData(100);

let namesSoFar = 0;

/** Names as they come from a database: each a text of its own, that nothing has looked at yet. */
function freshNames(count: number): readonly string[] {
  const names = Array.from({ length: count }, () => `channel-${namesSoFar++}`);
  return JSON.parse(JSON.stringify(names)) as readonly string[];
}

answer<SenderCommands>({
  async secondsPerSend(sends) {
    const before = cpuSeconds();
    for (let sent = 0; sent < sends; sent++) await services.single.send({ event: 'bench', channels: 'bench', data });
    return (cpuSeconds() - before) / sends;
  },
  async secondsPerChannel(channels, sends, kind) {
    const lists = Array.from({ length: sends }, () => freshNames(channels));
    const before = cpuSeconds();
    for (const names of lists) await services[kind].send({ event: 'bench', channels: names, data });
    return (cpuSeconds() - before) / (channels * sends);
  },
});

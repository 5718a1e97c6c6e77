import Pusher from 'pusher';
import { answer } from './answer.ts';
import { eventData } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

/** An application that sends with Pusher's own SDK. */
export interface PusherCommands {
  connect(port: number): void;
  /** CPU seconds for one `trigger`. */
  secondsPerTrigger(triggers: number): Promise<number>;
}

const data = eventData(100);
let pusher: Pusher | undefined;

answer<PusherCommands>({
  connect(port) {
    pusher = new Pusher({
      appId: 'bench',
      key: 'bench',
      secret: 'bench-secret',
      host: '127.0.0.1',
      port: String(port),
      useTLS: false,
    });
  },
  async secondsPerTrigger(triggers) {
    if (pusher === undefined) throw new Error('connect comes first');
    const before = cpuSeconds();
    for (let sent = 0; sent < triggers; sent++) await pusher.trigger('bench', 'bench', data);
    return (cpuSeconds() - before) / triggers;
  },
});

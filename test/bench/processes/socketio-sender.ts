import { Server } from 'socket.io';
import { answer } from './answer.ts';
import { eventData } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

/** An application that emits to a room of its own socket.io server. */
export interface SocketIoSenderCommands {
  /** CPU seconds for one `emit` to one room. */
  secondsPerEmit(emits: number): Promise<number>;
}

const io = new Server();
const data = eventData(100);

answer<SocketIoSenderCommands>({
  async secondsPerEmit(emits) {
    const before = cpuSeconds();
    for (let sent = 0; sent < emits; sent++) {
      io.to('bench').emit('bench', data);
      // As `send` is awaited.
      await undefined;
    }
    return (cpuSeconds() - before) / emits;
  },
});

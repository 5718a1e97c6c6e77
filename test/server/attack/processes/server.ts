// A server in a process of its own. It tells its state when it listens, and whenever it gets a message.
import { getHeapStatistics } from 'node:v8';

const [source = '', app = '', options = ''] = process.argv.slice(2);
const { WebSocketService } = (await import(source)) as typeof import('../../../../src/backends/websocket/index.js');
const service = new WebSocketService({
  ...JSON.parse(app),
  options: { port: 0, host: '127.0.0.1', ...JSON.parse(options) },
});

/** What the server knows of its clients, and the bytes of its heap when all that can go has gone. */
export interface ServerState {
  readonly port: number;
  readonly connections: number;
  readonly channels: number;
  readonly heap: number;
}

async function tell(): Promise<void> {
  globalThis.gc?.();
  process.send?.({
    port: service.address?.port ?? 0,
    connections: service.api.localConnections,
    channels: (await service.api.channels()).length,
    // Not `process.memoryUsage()`, which opens a file, and there may be no more files to open.
    heap: getHeapStatistics().used_heap_size,
  } satisfies ServerState);
}

process.on('message', () => void tell());
process.on('disconnect', () => process.exit());
await service.open();
await tell();

import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { answer } from './answer.ts';
import { eventData } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

/** An application that hands its messages to BullMQ, and works them off. */
export interface QueueCommands {
  open(port: number): Promise<void>;
  /** Adds jobs, so many calls at a time. */
  add(count: number, atOnce: number): Promise<void>;
  /** Works off so many jobs, so many at a time, by a function that does nothing. */
  work(count: number, atOnce: number): Promise<void>;
  /** CPU time of this process and of Redis. */
  cpuSeconds(): Promise<number>;
  close(): Promise<void>;
}

const NAME = 'bench';
const data = eventData(100);

let queue: Queue | undefined;
let redis: Redis | undefined;
let port = 0;

function opened(): Queue {
  if (queue === undefined) throw new Error('open comes first');
  return queue;
}

async function cpuOfRedis(): Promise<number> {
  const info = (await redis?.info('cpu')) ?? '';
  const part = (name: string): number => Number(new RegExp(`^${name}:(.+)$`, 'm').exec(info)?.[1]);
  return part('used_cpu_user') + part('used_cpu_sys');
}

answer<QueueCommands>({
  async open(given) {
    port = given;
    redis = new Redis(port);
    queue = new Queue(NAME, { connection: { host: '127.0.0.1', port } });
    await queue.waitUntilReady();
  },
  async add(count, atOnce) {
    let left = count;
    const addSome = async (): Promise<void> => {
      while (left-- > 0) await opened().add('push', { event: 'bench', channels: ['bench'], data });
    };
    await Promise.all(Array.from({ length: atOnce }, addSome));
  },
  async work(count, atOnce) {
    const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
    const worker = new Worker(NAME, async () => {}, { connection, concurrency: atOnce });
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      worker.on('completed', () => {
        if (++done === count) resolve();
      });
      worker.on('failed', (_, error) => reject(error));
      worker.on('error', reject);
    });
    await worker.close();
  },
  cpuSeconds: async () => cpuSeconds() + (await cpuOfRedis()),
  async close() {
    await queue?.close();
    redis?.disconnect();
  },
});

// Three nodes of one chat room, each a process, joined by Redis and behind a plain TCP balancer.
// Open the page in several windows and kill nodes: in the page, or by typing a node's number and Enter here.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createPushService } from 'pushrail';
import { redisRelay } from 'pushrail/relay/redis';
import { createBalancer } from './balancer.js';
import { findRedis, removeKeys } from './redis.js';

const RESTART_MS = Number(process.env.CLUSTER_RESTART_MS ?? 8000);

const ending = Promise.withResolvers();
process.once('SIGINT', ending.resolve).once('SIGTERM', ending.resolve);

const secret = () => randomBytes(24).toString('base64url');
const nodes = [1, 2, 3].map((number) => ({ number, state: 'starting', pages: 0, isUp: Promise.withResolvers() }));
const balancer = createBalancer(() => nodes.flatMap(({ port }) => port ?? []));
let isEnding = false;

const redis = await findRedis().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(redis.isOwn ? `Redis was started for this: ${redis.url}` : `Redis: ${new URL(redis.url).host}`);

// What all nodes have alike. On many machines it would come by the environment, too.
const shared = {
  CLUSTER_REDIS: redis.url,
  // Other programs on the same Redis have other prefixes, and so has another run of this one.
  CLUSTER_PREFIX: `pushrail-cluster-${randomBytes(4).toString('hex')}:`,
  CLUSTER_SECRET: secret(),
  CLUSTER_SESSIONS: secret(),
};

// This process serves nobody. It tells the pages through the relay how the nodes are.
const push = createPushService({
  backend: 'websocket',
  appId: '1001',
  pubKey: 'chat-key',
  secretKey: shared.CLUSTER_SECRET,
  options: { relay: redisRelay(redis.url, { prefix: shared.CLUSTER_PREFIX }), serve: false },
});

try {
  await push.ready();
  for (const node of nodes) start(node);
  await Promise.race([Promise.all(nodes.map(({ isUp }) => isUp.promise)), ending.promise]);
  const port = await balancer.listen(process.env.PORT ?? 3000);
  console.log(`The chat room is open at http://127.0.0.1:${port} (three nodes): come in by several windows.`);
  const keyboard = createInterface({ input: process.stdin }).on('line', (line) => kill(Number(line)));
  if (process.stdin.isTTY) console.log('Type 1, 2 or 3 and Enter to kill a node, or Ctrl-C to end.');
  await ending.promise;
  keyboard.close();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
await end();

function start(node) {
  const environment = { ...process.env, ...shared, CLUSTER_NODE: String(node.number) };
  const child = fork(fileURLToPath(new URL('node.js', import.meta.url)), { env: environment });
  Object.assign(node, { state: 'starting', child });
  child.on('message', (message) => {
    if (message.kill !== undefined) return kill(message.kill);
    Object.assign(node, message, { state: 'up' });
    if (message.port !== undefined) {
      console.log(`Node ${node.number} is up: process ${child.pid}, port ${message.port}.`);
      node.isUp.resolve();
    }
    tellPages();
  });
  child.once('exit', (code, signal) => {
    Object.assign(node, { state: 'gone', pages: 0, port: undefined, child: undefined });
    if (isEnding) return;
    console.log(`Node ${node.number} has ended (${signal ?? code}). It starts again in ${RESTART_MS / 1000} s.`);
    tellPages();
    node.timer = setTimeout(start, RESTART_MS, node);
  });
}

/** Ends a node as a crash does: it says nothing to anybody. */
function kill(number) {
  const node = nodes[number - 1];
  if (node?.child === undefined) return;
  console.log(`Node ${number} is killed, with ${node.pages === 1 ? '1 page' : `${node.pages} pages`} on it.`);
  if (node.pages > 0) console.log('Those connect to other nodes. Who does not is still a member for 15 s at most.');
  node.child.kill('SIGKILL');
}

/** The channel keeps its last event, so a page that comes later gets it, too. */
function tellPages() {
  if (isEnding) return;
  const states = nodes.map(({ number, state, pages }) => ({ number, state, pages }));
  push.fire({ channels: 'cache-nodes', event: 'nodes', data: { nodes: states } });
}

/** Pages first, then what they are connected to, Redis last. */
async function end() {
  isEnding = true;
  for (const { timer } of nodes) clearTimeout(timer);
  const children = nodes.flatMap(({ child }) => child ?? []);
  const ended = Promise.all(children.map((child) => once(child, 'exit')));
  for (const child of children) child.kill('SIGTERM');
  await ended;
  balancer.close();
  await push.close();
  await removeKeys(redis.url, shared.CLUSTER_PREFIX);
  await redis.stop();
  console.log('All has ended.');
}

// An order and its push in one transaction of PostgreSQL: both, or none of them, also when the process dies between.
// It works in a schema of its own and removes it at the end.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createPushService, PushServiceWrapper } from 'pushrail';
import { postgresMessages } from 'pushrail/messages/postgres';

const connectionString = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
/** Where this process is to die: told to a child of this program. */
const [diesAt, schema = `pushrail_outbox_${process.pid}`] = process.argv.slice(2);

/** Stands for your provider. */
class Printed extends PushServiceWrapper {
  async sendData(channel, { event, data }) {
    console.log(`   pushed to ${channel}: ${event} ${JSON.stringify(data)}`);
  }
}

const pool = new pg.Pool({ connectionString, options: `-c search_path=${schema}` });
if (diesAt === undefined) {
  await pool.query(`CREATE SCHEMA ${schema}`).catch(({ code, message }) => {
    console.error(
      `PostgreSQL cannot be used (${code}: ${message}). Name yours in DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE`,
    );
    process.exit(1);
  });
  await pool.query('CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL)');
}
// Only the parent has a worker: what a child has recorded is sent by another process.
const push = createPushService({ backend: Printed, messages: postgresMessages(pool), worker: diesAt === undefined });
await push.ready();

/** Places an order. @param then what happens before the commit, and whether there is one */
async function placeOrder(item, then = async () => true) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query('INSERT INTO orders (item) VALUES ($1) RETURNING id', [item]);
    const data = { order: rows[0].id, item };
    await push.send({ event: 'order.placed', channels: 'shop', data, tag: item, transaction: client });
    await client.query((await then()) ? 'COMMIT' : 'ROLLBACK');
  } finally {
    client.release();
  }
}

async function tell(item) {
  const { rows } = await pool.query('SELECT count(*)::int AS orders FROM orders WHERE item = $1', [item]);
  console.log(`   ${item}: orders ${rows[0].orders}, messages ${await push.messages.count({ tag: item })}`);
}

/** Resolves when the next message was sent. */
const nextSent = () => new Promise((resolve) => push.once('sent', resolve));

const die = () => process.kill(process.pid, 'SIGKILL');
if (diesAt !== undefined) {
  await placeOrder(`a ${diesAt}`, async () => (diesAt === 'boat' ? die() : true));
  die();
}

/** Places an order in a process that dies: of "boat" before the commit, of "tent" right after it. */
function placeOrderAndDie(item) {
  const { signal } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), item, schema], { stdio: 'inherit' });
  console.log(`   the process has ended by ${signal}`);
}

try {
  console.log('1. An order, and its push in the same transaction.');
  let sent = nextSent();
  await placeOrder('a lamp', async () => {
    console.log(`   before the commit, others see no message: ${await push.messages.count()}`);
    return true;
  });
  await sent;
  await tell('a lamp');

  console.log('2. The payment fails, and the order is rolled back: nothing is sent.');
  await placeOrder('a car', async () => false);
  await tell('a car');

  console.log('3. The process dies before the commit: no order, no push.');
  placeOrderAndDie('boat');
  await tell('a boat');

  console.log('4. The process dies right after the commit: another one sends the push.');
  sent = nextSent();
  placeOrderAndDie('tent');
  await sent;
  await tell('a tent');
} finally {
  await push.close();
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
  await pool.end();
}

import { ConfigurationError } from '../../../core/errors.js';
import type { Logger } from '../../../core/logger.js';
import type { Link } from './link.js';
import { ReplyError } from './plain-errors.js';

/** The oldest Redis whose scripts and messages suffice; as a Cluster, the oldest that has sharded pub/sub. */
const OLDEST = { single: '6.2', cluster: '7.0' } as const;

/** Those whose warning is in the log. */
const warned = new WeakSet<object>();

/**
 * Looks whether a server can be used.
 * @param once what is the same for all connections of one transport: it is warned once
 * @throws ConfigurationError for one that is too old, or that is of another kind
 * @throws ReplyError for a replica
 */
export async function checkServer(link: Link, logger: Logger, isCluster: boolean, once: object): Promise<void> {
  const facts = await hello(link);
  if (facts !== undefined) {
    const { version = '', mode, role } = facts;
    const oldest = isCluster ? OLDEST.cluster : OLDEST.single;
    if (isOlder(version, oldest))
      throw new ConfigurationError(
        `The Redis relay needs Redis ${oldest} or newer${isCluster ? ' in a Cluster' : ''}; this is ${version || 'older than 6'}.`,
      );
    if (!isCluster && mode === 'cluster')
      throw new ConfigurationError(
        'This Redis is part of a Cluster. Give the relay a client of the Cluster, or an address that begins with redis+cluster://.',
      );
    if (isCluster && mode !== 'cluster')
      throw new ConfigurationError('This Redis is not part of a Cluster. Give the relay a client of one server.');
    if (!isCluster && role !== 'master') throw new ReplyError('READONLY this server is a replica.');
  }
  if (warned.has(once)) return;
  warned.add(once);
  const policy = await evictionPolicy(link);
  if (policy === undefined) return;
  logger.warn(
    { maxmemoryPolicy: policy },
    'Redis evicts keys when it is full (maxmemory-policy), which the relay cannot do without; set noeviction',
  );
}

/** @returns undefined when the user may not ask */
async function hello(link: Link): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return factsOf(await link.send(['HELLO']));
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    if (error.code === 'NOPERM') return undefined;
    // Redis 5 does not know the command.
    if (error.code === 'ERR') return { mode: 'standalone', role: 'master' };
    throw error;
  }
}

/** The answer is a list of names and values, or an object of them. */
function factsOf(answer: unknown): Readonly<Record<string, string>> {
  if (answer instanceof Map) return Object.fromEntries(answer);
  if (!Array.isArray(answer)) return { ...(answer as object) };
  const facts: Record<string, string> = {};
  for (let index = 0; index + 1 < answer.length; index += 2) facts[String(answer[index])] = String(answer[index + 1]);
  return facts;
}

/** @returns undefined when keys are not evicted, and when the user may not ask */
async function evictionPolicy(link: Link): Promise<string | undefined> {
  try {
    const text = String(await link.send(['INFO', 'memory']));
    const policy = /^maxmemory_policy:(\S+)/m.exec(text)?.[1];
    const isLimited = !/^maxmemory:0\r?$/m.test(text);
    return isLimited && policy !== 'noeviction' ? policy : undefined;
  } catch (error) {
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

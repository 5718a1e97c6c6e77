import { Command } from 'commander';
import { PushClient, type PusherConstructorLike } from '../../client/index.js';
import { loadPeer } from '../../index.js';
import { CommandFailed, portNumber } from '../arguments.js';
import { DEFAULT_PORT } from '../server-settings.js';
import { type Terminal, untilStopped } from '../terminal.js';
import { DemoServer, demoUsers } from './demo-server.js';

interface DemoOptions {
  port?: number;
  once: boolean;
}

/** `pushrail demo`: serves a page on localhost, and makes a first delivery to a real client. */
export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description('open a page on localhost where two users receive what is sent; needs no account')
    .option('--port <port>', `port of the page (default: ${DEFAULT_PORT}, or a free one)`, portNumber)
    .option('--once', 'end after the first delivery: with 0, or with 1 if nothing arrived', false)
    .action(async ({ port, once }: DemoOptions) => {
      // Before a page is promised, which needs the package too.
      const Pusher = pusherJs();
      await using demo = new DemoServer();
      await demo.listen(port ?? DEFAULT_PORT, { orElseAnyPort: port === undefined });
      terminal.print(`Open ${demo.url} in two windows and sign in as Ann and as Ben.`);
      const delivery = await firstDelivery(demo, { Pusher });
      if (delivery === undefined) {
        terminal.complain('Nothing arrived at the first client.');
        throw new CommandFailed();
      }
      terminal.print(
        `First delivery: "${delivery.event}" sent to user "${delivery.user}" arrived at a pusher-js client in ${delivery.ms.toFixed(1)} ms.`,
      );
      if (once) return;
      terminal.print('Stop with Ctrl-C.');
      await untilStopped(terminal);
    });
}

/** @throws CommandFailed when the package is missing, which is no wrong usage of the command */
function pusherJs(): PusherConstructorLike {
  try {
    return loadPeer<PusherConstructorLike>('pusher-js', 'pushrail demo');
  } catch (cause) {
    throw new CommandFailed(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** How long the first client waits for its message, in milliseconds. */
const PATIENCE_MS = 10_000;

/** The first message that arrived. */
export interface FirstDelivery {
  readonly event: string;
  readonly user: string;
  /** From the call of `send` to the client's listener, in milliseconds. */
  readonly ms: number;
}

/**
 * Signs a real `pusher-js` client in as a user, in this process, and sends to that user.
 * @returns undefined when nothing arrived in time
 */
export async function firstDelivery(
  demo: Pick<DemoServer, 'service' | 'port' | 'logIn' | 'logOut'>,
  { Pusher, patienceMs = PATIENCE_MS }: { Pusher: PusherConstructorLike; patienceMs?: number },
): Promise<FirstDelivery | undefined> {
  const user = demoUsers[0] as string;
  const event = 'demo.hello';
  const session = await demo.logIn(user);
  const config = await demo.service.clientConfig({ session });
  const client = new PushClient({ ...config, host: '127.0.0.1', port: demo.port, useTLS: false }, { Pusher });
  const patience = AbortSignal.timeout(patienceMs);
  const heard = (name: string): Promise<boolean> =>
    new Promise((resolve) => {
      client.bind(name, () => resolve(true));
      patience.addEventListener('abort', () => resolve(false));
    });
  try {
    client.onError(() => {});
    const subscribed = heard('pusher:subscription_succeeded');
    const arrived = heard(event);
    client.connect();
    if (!(await subscribed)) return undefined;
    const sentAt = performance.now();
    await demo.service.send({ event, users: user, data: { text: 'Hello' } });
    return (await arrived) ? { event, user, ms: performance.now() - sentAt } : undefined;
  } finally {
    client.disconnect();
    await demo.logOut(user, session.channelId);
  }
}

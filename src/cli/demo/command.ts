import { Command } from 'commander';
import { CommandFailed, wholeNumber } from '../arguments.js';
import { DEFAULT_PORT } from '../server-settings.js';
import { type Terminal, untilStopped } from '../terminal.js';
import { DemoServer } from './demo-server.js';
import { firstDelivery } from './first-delivery.js';

interface DemoOptions {
  port?: number;
  once: boolean;
}

/** `pushrail demo`: serves a page on localhost, and makes a first delivery to a real client. */
export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description('open a page on localhost where two users receive what is sent; needs no account')
    .option('--port <port>', `port of the page (default: ${DEFAULT_PORT}, or a free one)`, wholeNumber)
    .option('--once', 'end after the first delivery: with 0, or with 1 if nothing arrived', false)
    .action(async ({ port, once }: DemoOptions) => {
      await using demo = new DemoServer();
      await demo.listen(port ?? DEFAULT_PORT, { orElseAnyPort: port === undefined });
      terminal.print(`Open ${demo.url} in two windows and sign in as Ann and as Ben.`);
      const delivery = await firstDelivery(demo);
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

import { randomUUID } from 'node:crypto';
import { parseData } from '../../pusher-protocol/parse-message.js';
import { Connection } from '../connection.js';
import { textFrame } from '../frames.js';
import type { Publication } from '../local-channel.js';

/** Who hears by a plain WebSocket. A log-out names them by either. */
export interface PlainListener {
  readonly userId?: string | undefined;
  /** The channel of the session. */
  readonly sessionChannel?: string | undefined;
}

/** The connection of a client that speaks no protocol: it hears one channel, and what it sends is ignored. */
export class PlainConnection extends Connection {
  listener: PlainListener = {};

  override get isPlain(): boolean {
    return true;
  }

  /** Closes after everything that was sent before, without a message of the Channels protocol. */
  override close(code: number, reason: string): void {
    if (this.isOpen) this.closeTransport(code, reason);
  }

  /** Whether it belongs to a user or a session. */
  belongsTo({ userId, sessionChannel }: PlainListener): boolean {
    const { listener } = this;
    return (
      (userId !== undefined && listener.userId === userId) ||
      (sessionChannel !== undefined && listener.sessionChannel === sessionChannel)
    );
  }
}

/** Makes the frame of an event: `{ event, data, id }`, with the data itself and not its text. */
export function plainFrame({ event, data, id = randomUUID() }: Omit<Publication, 'channel'>): Buffer {
  return textFrame(JSON.stringify({ event, data: parseData(data), id }));
}

import { randomUUID } from 'node:crypto';
import { isRecord } from '../../wire/is-record.js';
import type { LocalChannel } from '../local-channel.js';
import type { PresenceLeaves } from '../presence-leaves.js';
import type { AppRelay } from './app-relay.js';
import type { RelayedEvent } from './relayed-event.js';

/**
 * Tells the other nodes that have a presence channel that one of its users is back here, so that the node that keeps
 * the user's place gives it up.
 */
export class PlaceNotices {
  readonly #relay: AppRelay;
  /** Names this node, which needs no notice of its own. */
  readonly #from = randomUUID();
  readonly #channels: ReadonlyMap<string, LocalChannel>;
  readonly #leaves: PresenceLeaves;

  constructor(relay: AppRelay, channels: ReadonlyMap<string, LocalChannel>, leaves: PresenceLeaves) {
    this.#relay = relay;
    this.#channels = channels;
    this.#leaves = leaves;
  }

  /** Tells them, and does not wait for it. */
  tell(channel: string, userId: string): void {
    const frame = Buffer.from(JSON.stringify({ from: this.#from, userId }));
    this.#relay.publish(channel, { frame, isForNodes: true }).catch((err: unknown) => {
      const text =
        'websocket: other nodes could not be told that a member is back, who may stay one for some time more';
      this.#relay.warn({ err }, text);
    });
  }

  /** Takes a notice from a node, this one or another: gives up the oldest place that the channel keeps for the user. */
  take(channel: string, { frame }: RelayedEvent): void {
    const notice: unknown = JSON.parse(frame.toString());
    if (!isRecord(notice) || notice['from'] === this.#from || typeof notice['userId'] !== 'string') return;
    const place = this.#channels.get(channel)?.members?.placeOf(notice['userId']);
    if (place !== undefined) this.#leaves.giveUp(place);
  }
}

import { backoffDelay } from '../../wire/backoff.js';
import type { AppRelay } from './app-relay.js';
import type { SharedChannel } from './shared-channel.js';

/** The sets of a channel's topic: who is subscribed, as a weight, and who is a member. */
export const sets = { subscribers: 'subscribers', members: 'members' } as const;

/** Bounds of the wait before a list is read again, in milliseconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** What is done with the lists. Its methods must not throw. */
interface MemberListsHost {
  /** Whether a channel is still there. */
  isHere(channel: SharedChannel): boolean;
  /** What is known of the members has changed, so that the subscribers may have to be told. */
  changed(channel: SharedChannel): void;
}

/** Reads the lists of members of presence channels from the relay, for as long as it takes. */
export class MemberLists {
  readonly #relay: AppRelay;
  readonly #host: MemberListsHost;

  constructor(relay: AppRelay, host: MemberListsHost) {
    this.#relay = relay;
    this.#host = host;
  }

  /** Resolves when the members of a presence channel are known, or the channel is there no more. */
  async known(channel: SharedChannel): Promise<void> {
    if (channel.shared === undefined || channel.shared.isKnown) return;
    channel.reading ??= this.#read(channel).finally(() => {
      channel.reading = undefined;
    });
    await channel.reading;
  }

  async #read(channel: SharedChannel): Promise<void> {
    const { shared } = channel;
    const { node } = this.#relay;
    const topic = this.#relay.topicOf(channel.name);
    for (let failures = 0; shared !== undefined && this.#host.isHere(channel); ) {
      try {
        const { forgotten } = shared;
        // So that all is in the list that this node holds and the relay takes.
        await node.caughtUp(topic);
        const state = await node.connection.read(topic, sets.members);
        if (shared.forgotten !== forgotten) continue;
        channel.noteChange(shared.reset(state, node.isToldAgain(topic)));
        this.#host.changed(channel);
        if (shared.isKnown) return;
      } catch {
        // The relay is away, which is in the log already.
        const pause = backoffDelay(failures++, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        await new Promise((resolve) => setTimeout(resolve, pause).unref());
      }
    }
  }
}

import type { LocalChannel } from './local-channel.js';
import { WaitingLine } from './waiting-line.js';

/** Up to so many subscribers hear of everybody at once. */
const MAX_TOLD_AT_ONCE = 20;

/** How long notices of a channel wait at most, because its subscribers have just been told others, in milliseconds. */
const INTERVAL_MS = 50;

/** When more bytes of notices wait on a channel, they go out before their time. */
const MAX_WAITING_BYTES = 65_536;

/**
 * Decides when the subscribers of presence channels are told who has come and gone. Few are told at once, and so are
 * many on a channel that has been quiet for {@link INTERVAL_MS}. Otherwise they are told when so much time has passed
 * since they were told before. So n who come to n members cause few writes to each, and not n.
 */
export class PresencePace {
  readonly #resting = new WaitingLine<LocalChannel>(INTERVAL_MS, (channel) => this.#tell(channel));

  /** Call it after each change of a channel's subscribers. Most change no member. */
  changed(channel: LocalChannel): void {
    const { memberConnections: size, waitingNoticeBytes } = channel;
    if (waitingNoticeBytes === 0) return;
    const mayWait = size > MAX_TOLD_AT_ONCE && waitingNoticeBytes <= MAX_WAITING_BYTES;
    if (!mayWait || !this.#resting.has(channel)) this.#tell(channel);
  }

  /** Tells nobody anything more. */
  stop(): void {
    this.#resting.clear();
  }

  #tell(channel: LocalChannel): void {
    if (channel.waitingNoticeBytes === 0) return;
    channel.tellNotices();
    if (channel.memberConnections > MAX_TOLD_AT_ONCE) this.#resting.add(channel);
  }
}

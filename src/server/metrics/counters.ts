import { closeCode } from '../../pusher-protocol/messages.js';

/** Why the server has ended a connection that it had let in. The server's own end is none of these. */
export const cutReasons = [
  'application',
  'bad_frame',
  'burst',
  'error',
  'no_pong',
  'over_limit',
  'slow_reader',
  'unauthorized',
] as const;

export type CutReason = (typeof cutReasons)[number];

const reasonOfCode: ReadonlyMap<number, CutReason> = new Map([
  [closeCode.unauthorized, 'unauthorized'],
  [closeCode.noPong, 'no_pong'],
]);

/** The reason that a close code of the protocol stands for. */
export function cutReason(code: number): CutReason {
  return reasonOfCode.get(code) ?? 'over_limit';
}

/** The codes that a handshake is refused with. */
const refusalCodes: readonly number[] = [
  closeCode.tlsOnly,
  closeCode.noSuchApp,
  closeCode.appDisabled,
  closeCode.overAppQuota,
  closeCode.noSuchPath,
  closeCode.badVersion,
  closeCode.unsupportedVersion,
  closeCode.noVersion,
  closeCode.unauthorized,
  closeCode.overCapacity,
];

/**
 * What has happened in a server since it was made, over all of its applications. The numbers only grow, also when the
 * server is closed and opened again: whoever watches takes a number that falls for a new process. They are plain
 * fields, because some are added to for each write to a socket.
 */
export class ServerCounters {
  /** Connections that were let in. */
  connections = 0;
  /** Those that the server has ended, by the reason. Reasons that never came are there with 0. */
  readonly cuts: Map<CutReason, number> = zeros(cutReasons);
  /** Handshakes that were refused, by the close code. */
  readonly refusals: Map<number, number> = zeros(refusalCodes);
  /** What clients have sent: frames with a message, a ping or a pong, and the bytes in them. */
  receivedMessages = 0;
  receivedBytes = 0;
  /** What was written to clients: frames, and their bytes. */
  sentMessages = 0;
  sentBytes = 0;
  /** Events that the application has published, one for each channel, and those that clients have. */
  applicationEvents = 0;
  clientEvents = 0;
  /** Events of webhooks that the receiver has taken, and those that were given up. */
  webhookEventsSent = 0;
  webhookEventsDropped = 0;
  /** Attempts to post a webhook that have failed. */
  webhookFailures = 0;

  cut(reason: CutReason): void {
    add(this.cuts, reason);
  }

  refused(code: number): void {
    add(this.refusals, code);
  }
}

function zeros<Key>(keys: readonly Key[]): Map<Key, number> {
  return new Map(keys.map((key) => [key, 0]));
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

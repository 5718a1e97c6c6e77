// What the processes of a run note as they go. All times are by `Date.now()`, of one machine.

/** A message that a node sent, and what its report says. */
export interface Sent {
  readonly id: string;
  readonly channel: string;
  readonly from: number;
  readonly to: number;
  /** `unknown` also when the node was killed before it could say. */
  readonly outcome: 'accepted' | 'rejected' | 'unknown';
  readonly error?: string | undefined;
}

/** One subscription of a client, from its confirmation to the end of its connection. */
export interface Period {
  readonly client: string;
  readonly user: string;
  readonly channel: string;
  readonly socketId: string;
  readonly from: number;
  /** Undefined for one that lasted to the end of the run. */
  to?: number | undefined;
  end?: string | undefined;
  /** The messages that came, in their order, and when each did. */
  readonly received: string[];
  readonly times: number[];
  /** On a presence channel: the members, as the list and the news since then have them. */
  members?: string[] | undefined;
  /** What came that must not come. */
  readonly faults: string[];
}

export type Time = readonly [from: number, to: number];

/** One life of a node. */
export interface NodeRun {
  readonly name: string;
  /** The first part of the ids of its sockets. */
  readonly tag: number;
  readonly log: readonly string[];
  /** When it was deaf, as it has said itself. */
  readonly deaf: readonly Time[];
  /** When it was stopped. */
  readonly stops: readonly Time[];
  readonly killedAt?: number | undefined;
}

/** What a node tells. */
export type NodeNews =
  | { readonly news: 'ready'; readonly port: number }
  | { readonly news: 'log'; readonly line: string; readonly deafSince?: number }
  | { readonly news: 'deaf'; readonly span: Time }
  | { readonly news: 'sent'; readonly sent: readonly Sent[] }
  | { readonly news: 'quiet' };

export type NodeOrder = 'flow' | 'quiet';

export interface NodeOptions {
  readonly name: string;
  readonly relay: string;
  readonly channels: readonly string[];
  readonly messagesPerSecond: number;
  /** What each message has beside its number. @default nothing */
  readonly bytes?: number | undefined;
}

export interface ClientsOptions {
  readonly port: number;
  readonly clients: number;
  /** How many of them are `pusher-js`. */
  readonly pusherJs: number;
  readonly users: number;
  readonly publicChannels: readonly string[];
  readonly presenceChannels: readonly string[];
  /** Where the periods are written, a line each. */
  readonly file: string;
}

export type ClientsOrder =
  | { readonly order: 'wave'; readonly share: number }
  | { readonly order: 'present' }
  | { readonly order: 'write' }
  | { readonly order: 'leave' };

/** Answers to `present`: who is on which presence channel, as each client there knows it. */
export interface Present {
  /** How many clients are subscribed to all of their channels. */
  readonly subscribed: number;
  readonly channels: Readonly<Record<string, { readonly subscribers: number; readonly users: readonly string[] }>>;
  readonly lists: readonly { readonly client: string; readonly channel: string; readonly members: readonly string[] }[];
}

export const credentials: { readonly appId: string; readonly pubKey: string; readonly secretKey: string } = {
  appId: 'app',
  pubKey: 'key',
  secretKey: 'the-secret',
};

/** The first part of the id of a socket tells its node. */
export function tagOf(socketId: string): number {
  return Math.floor(Number.parseInt(socketId, 10) / 2 ** 27);
}

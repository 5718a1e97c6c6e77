import { authFor, channelText } from '../../../src/pusher-protocol/signature.ts';
import { type Dialect, dialects } from './dialects.ts';

/** The channel, or room, whose members see each other. */
export const ROOM = 'presence-bench';
/** The keys that the server and who signs for it share. */
export const presenceKeys = { pubKey: 'bench', secretKey: 'bench-secret' };

/** Somebody on a channel: what a page shows of them. */
export interface BenchMember {
  readonly id: string;
  readonly info: { readonly name: string };
}

export function benchMember(index: number): BenchMember {
  return { id: `user-${index}`, info: { name: `User ${index}` } };
}

/** What a client hears of the members. */
export interface Hearer {
  /** The list of those who are there when the client comes. */
  listed(count: number): void;
  added(): void;
  removed(): void;
}

/** How the members of a channel come to know each other on one kind of server. */
export interface PresenceDialect {
  /** @param onJoin gets the text with which the client may join at any time */
  of(member: BenchMember, hearer: Hearer, onJoin: (text: string) => void): Dialect;
}

const channels: PresenceDialect = {
  of: ({ id, info }, hearer, onJoin) => ({
    path: dialects.channels.path,
    headBytes: Number.POSITIVE_INFINITY,
    event: '{"event":"bench"',
    hear(text) {
      if (text.startsWith('{"event":"pusher_internal:member_added"')) hearer.added();
      else if (text.startsWith('{"event":"pusher_internal:member_removed"')) hearer.removed();
      else if (text.startsWith('{"event":"pusher_internal:subscription_succeeded"'))
        hearer.listed(Number(/"count\\":(\d+)\}\}"\}$/.exec(text)?.[1]));
      else if (text.startsWith('{"event":"pusher:connection_established"')) {
        const { data } = JSON.parse(text) as { data: string };
        const { socket_id: socketId } = JSON.parse(data) as { socket_id: string };
        const channelData = JSON.stringify({ user_id: id, user_info: info });
        const auth = authFor(channelText(socketId, ROOM, channelData), presenceKeys);
        const join = { channel: ROOM, auth, channel_data: channelData };
        onJoin(JSON.stringify({ event: 'pusher:subscribe', data: join }));
        return 'ready';
      }
      return undefined;
    },
  }),
};

const socketIo: PresenceDialect = {
  of: (member, hearer, onJoin) => ({
    ...dialects.socketIo,
    headBytes: Number.POSITIVE_INFINITY,
    hear(text) {
      if (text.startsWith('42["member_added"')) hearer.added();
      else if (text.startsWith('42["member_removed"')) hearer.removed();
      else if (text.startsWith('42["members"'))
        hearer.listed((JSON.parse(text.slice(2)) as [string, unknown[]])[1].length);
      else {
        if (text.startsWith('40')) onJoin(`42${JSON.stringify(['join', member])}`);
        return dialects.socketIo.hear(text);
      }
      return undefined;
    },
  }),
};

export type PresenceDialectName = 'channels' | 'socketIo';

export const presenceDialects: Readonly<Record<PresenceDialectName, PresenceDialect>> = { channels, socketIo };

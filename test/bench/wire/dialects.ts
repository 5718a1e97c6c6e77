/** How a client speaks to one kind of server. */
export interface Dialect {
  readonly path: string;
  /** Whether the client is ready as soon as the WebSocket is open. */
  readonly isReadyWhenOpen?: boolean;
  /** How much of a frame's payload is read, in bytes. @default as much as tells an event from anything else */
  readonly headBytes?: number;
  /** Events begin like this. */
  readonly event: string;
  /** What to do about a frame that is no event: send a text, be ready, or count a subscription as confirmed. */
  hear(head: string): { readonly send: string } | 'ready' | 'confirmed' | undefined;
}

const channels: Dialect = {
  path: '/app/bench?protocol=7&client=bench&version=1',
  event: '{"event":"bench"',
  hear(head) {
    if (head.startsWith('{"event":"pusher:connection_established"')) {
      return { send: '{"event":"pusher:subscribe","data":{"channel":"bench"}}' };
    }
    if (head.startsWith('{"event":"pusher:ping"')) return { send: '{"event":"pusher:pong","data":{}}' };
    return head.startsWith('{"event":"pusher_internal:subscription_succeeded"') ? 'ready' : undefined;
  },
};

/** Subscribes to nothing until it is told to. */
const idleChannels: Dialect = {
  ...channels,
  hear(head) {
    if (head.startsWith('{"event":"pusher:connection_established"')) return 'ready';
    const reaction = channels.hear(head);
    return reaction === 'ready' ? 'confirmed' : reaction;
  },
};

/** Engine.IO 4 and Socket.IO 5: `0` open, `2` ping, `3` pong, `40` connect, `42` event. */
const socketIo: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  event: '42["bench"',
  hear(head) {
    if (head.startsWith('0{')) return { send: '40' };
    if (head === '2') return { send: '3' };
    return head.startsWith('40') ? 'ready' : undefined;
  },
};

/** Takes the frames of `channels` without asking for them. */
const bare: Dialect = { path: '/', event: channels.event, isReadyWhenOpen: true, hear: () => undefined };

/** Waits for the server's first message, and does nothing more. */
const welcome: Dialect = {
  path: channels.path,
  event: channels.event,
  hear: (head) => (head.startsWith('{"event":"pusher:connection_established"') ? 'ready' : undefined),
};

export type DialectName = 'channels' | 'idleChannels' | 'socketIo' | 'bare' | 'welcome';

export const dialects: Readonly<Record<DialectName, Dialect>> = { channels, idleChannels, socketIo, bare, welcome };

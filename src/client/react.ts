import { useCallback, useEffect, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { ChannelMembers } from './channel-states.js';
import type { ConnectionState } from './driver.js';
import type { PushListener } from './events.js';
import type { PushClient } from './push-client.js';

const noMembers: ChannelMembers = new Map();

/** Options of {@link usePushEvent}. */
export interface PushEventOptions {
  /**
   * Only messages of this channel count, and the channel is subscribed to while the component is mounted.
   * @default all channels that the client subscribes to
   */
  readonly channel?: string | undefined;
}

/**
 * Calls the listener for each message with this event while the component is mounted. The listener of the last render
 * is called; a new one does not bind again.
 * @param client undefined or null while there is none yet
 * @example
 * usePushEvent(client, 'order.shipped', ({ orderId }) => setShipped(orderId), { channel: 'orders' });
 */
export function usePushEvent<Events extends object, Name extends keyof Events & string>(
  client: PushClient<Events> | null | undefined,
  event: Name,
  listener: PushListener<Events[Name]>,
  { channel }: PushEventOptions = {},
): void {
  const latest = useRef(listener);
  useInsertionEffect(() => {
    latest.current = listener;
  });
  useEffect(() => {
    const source = channel === undefined ? client : client?.channel<Events>(channel);
    return source?.bind(event, (data, message) => latest.current(data, message));
  }, [client, event, channel]);
}

/**
 * State of the client's connection; `initialized` while there is no client, and on the server.
 * @param client undefined or null while there is none yet
 * @example
 * const isOnline = usePushState(client) === 'connected';
 */
export function usePushState<Events extends object>(client: PushClient<Events> | null | undefined): ConnectionState {
  const subscribe = useCallback((changed: () => void) => client?.onStateChange(changed) ?? ignore, [client]);
  return useSyncExternalStore(
    subscribe,
    () => client?.state ?? 'initialized',
    () => 'initialized',
  );
}

/**
 * The members of a presence channel: user id → info. The channel is subscribed to while the component is mounted. Empty
 * until the subscription is confirmed, while there is no client, and on the server.
 * @param client undefined or null while there is none yet
 * @example
 * const members = usePresence(client, 'presence-room');
 * return <p>{members.size} here</p>;
 */
export function usePresence<Events extends object>(
  client: PushClient<Events> | null | undefined,
  channel: string,
): ChannelMembers {
  const handle = useMemo(() => client?.channel(channel), [client, channel]);
  const subscribe = useCallback((changed: () => void) => handle?.onMembersChange(changed) ?? ignore, [handle]);
  return useSyncExternalStore(
    subscribe,
    () => handle?.members ?? noMembers,
    () => noMembers,
  );
}

function ignore(): void {}

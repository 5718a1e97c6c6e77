import { useCallback, useEffect, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { ChannelMembers } from './channel-states.js';
import type { ClientChannel } from './client-channel.js';
import type { ConnectionState } from './driver.js';
import type { PushClientError } from './errors.js';
import type { EventData, EventName, PushListener } from './events.js';
import type { PushClient } from './push-client.js';

const noMembers: ChannelMembers = new Map();

/** The part of a `PushClient` that makes handles on channels, whatever the events of the client. */
interface ChannelMaker {
  channel<Events extends object, Info>(name: string): ClientChannel<Events, Info>;
}

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
export function usePushEvent<Events extends object, Name extends EventName<Events>>(
  client: PushClient<Events> | null | undefined,
  event: Name,
  listener: PushListener<EventData<Events, Name>>,
  options?: PushEventOptions,
): void;
/**
 * Does the same for a channel that has events of its own.
 * @typeParam Events the data of each event of the channel
 * @typeParam Name the event
 * @example
 * usePushEvent<RoomEvents, 'joined'>(client, 'joined', ({ name }) => greet(name), { channel: 'room' });
 */
export function usePushEvent<Events extends object, Name extends EventName<Events>>(
  client: ChannelMaker | null | undefined,
  event: Name,
  listener: PushListener<EventData<Events, Name>>,
  options: { readonly channel: string },
): void;
export function usePushEvent(
  client: (ChannelMaker & { bind?: PushClient['bind'] }) | null | undefined,
  event: string,
  listener: PushListener<never>,
  { channel }: PushEventOptions = {},
): void {
  const latest = useRef(listener);
  useInsertionEffect(() => {
    latest.current = listener;
  });
  useEffect(() => {
    const source: { bind?: PushClient['bind'] } | null | undefined =
      channel === undefined ? client : client?.channel<Record<string, unknown>, unknown>(channel);
    return source?.bind?.(event, (data, message) => latest.current(data as never, message));
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
 * @typeParam Info what the server's `authorize` tells of each member
 * @param client undefined or null while there is none yet
 * @example
 * const members = usePresence<{ name: string }>(client, 'presence-room');
 * return <p>{members.size} here</p>;
 */
export function usePresence<Info = unknown>(
  client: ChannelMaker | null | undefined,
  channel: string,
): ChannelMembers<Info> {
  const handle = useMemo(() => client?.channel<object, Info>(channel), [client, channel]);
  const subscribe = useCallback((changed: () => void) => handle?.onMembersChange(changed) ?? ignore, [handle]);
  return useSyncExternalStore(
    subscribe,
    () => handle?.members ?? (noMembers as ChannelMembers<Info>),
    () => noMembers as ChannelMembers<Info>,
  );
}

/**
 * Why the page is not subscribed to a channel: the application or the provider refused, or could not be asked, when
 * `error.isTemporary` is true. Undefined before that, once the subscription is confirmed, while there is no client, and
 * on the server. The channel is subscribed to while the component is mounted.
 * @param client undefined or null while there is none yet
 * @example
 * const error = usePushError(client, 'private-orders');
 * return error ? <p>{error.message}</p> : <Orders />;
 */
export function usePushError(client: ChannelMaker | null | undefined, channel: string): PushClientError | undefined {
  const handle = useMemo(() => client?.channel(channel), [client, channel]);
  const subscribe = useCallback(
    (changed: () => void) => {
      const remove = [handle?.onError(changed), handle?.onSubscribed(changed)];
      return () => {
        for (const each of remove) each?.();
      };
    },
    [handle],
  );
  return useSyncExternalStore(subscribe, () => handle?.error, noError);
}

function ignore(): void {}

function noError(): undefined {}

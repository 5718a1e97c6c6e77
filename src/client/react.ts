import { useCallback, useEffect, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { ChannelMembers } from './channel-states.js';
import type { ConnectionState } from './driver.js';
import type { PushListener } from './events.js';
import type { PushClient } from './push-client.js';

/** Options of {@link usePushEvent}. */
export interface PushEventOptions {
  /** Hears this channel alone, and subscribes to it while the component is there. @default all channels that the client subscribes to */
  readonly channel?: string | undefined;
}

/**
 * Calls the listener for each message with this event while the component is there. It is always the listener of the last render that is
 * called; a new one binds nothing anew.
 * @param client undefined or null while there is none yet
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

/** Where the connection of the client stands; `initialized` while there is no client, and on the server. */
export function usePushState<Events extends object>(client: PushClient<Events> | null | undefined): ConnectionState {
  const subscribe = useCallback((changed: () => void) => client?.onStateChange(changed) ?? ignore, [client]);
  return useSyncExternalStore(
    subscribe,
    () => client?.state ?? 'initialized',
    () => 'initialized',
  );
}

/**
 * Who is on a presence channel: id → info. Subscribes to it while the component is there. Empty until that is confirmed, while there is no
 * client, and on the server.
 */
export function usePresence<Events extends object>(
  client: PushClient<Events> | null | undefined,
  channel: string,
): ChannelMembers {
  const handle = useMemo(() => client?.channel(channel), [client, channel]);
  const subscribe = useCallback((changed: () => void) => handle?.onMembersChange(changed) ?? ignore, [handle]);
  return useSyncExternalStore(
    subscribe,
    () => handle?.members ?? nobody,
    () => nobody,
  );
}

/** The same object always: React compares. */
const nobody: ChannelMembers = new Map();

function ignore(): void {}

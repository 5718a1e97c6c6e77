import type { ServerCounters } from './counters.js';
import { exposition, type Metric } from './exposition.js';

/** What there is in a server now, over all of its applications. */
export interface ServerState {
  readonly connections: number;
  readonly channels: number;
  /** Events that wait to be sent by webhooks, with those that are being sent. */
  readonly webhookEventsWaiting: number;
  /** The times in which the relay was not heard. */
  readonly deaf: { readonly isDeaf: boolean; readonly count: number; readonly totalMs: number };
}

/**
 * Writes the figures of a server as text. No label names an application, a channel, a user or a connection: such names
 * tell who uses the server, and each new one would be one more series to keep for whoever watches.
 */
export function serverMetrics(state: ServerState, counters: ServerCounters): string {
  const counter = (name: string, help: string, value: Metric['value']): Metric => {
    return { name: `pushrail_${name}_total`, type: 'counter', help, value };
  };
  const gauge = (name: string, help: string, value: number): Metric => {
    return { name: `pushrail_${name}`, type: 'gauge', help, value };
  };
  const published = new Map([
    ['application', counters.applicationEvents],
    ['client', counters.clientEvents],
  ]);
  return exposition([
    gauge('connections', 'Clients that are connected.', state.connections),
    gauge('channels', 'Channels that somebody is subscribed to.', state.channels),
    counter('connections_opened', 'Connections that were let in.', counters.connections),
    counter('connections_cut', 'Connections that the server has ended, by the reason.', {
      label: 'reason',
      values: counters.cuts,
    }),
    counter('handshakes_refused', 'Connections that were not let in, by the close code.', {
      label: 'code',
      values: counters.refusals,
    }),
    counter('published_events', 'Events that were published, counted once for each channel, by who sent them.', {
      label: 'source',
      values: published,
    }),
    counter('received_messages', 'Messages from clients, with pings and pongs.', counters.receivedMessages),
    counter('received_bytes', 'Bytes in the messages from clients.', counters.receivedBytes),
    counter('sent_messages', 'Messages to clients, counted once for each connection.', counters.sentMessages),
    counter('sent_bytes', 'Bytes of the messages to clients, with their frames.', counters.sentBytes),
    gauge('webhook_events_waiting', 'Events that wait for a webhook to be taken.', state.webhookEventsWaiting),
    counter('webhook_events_sent', 'Events of webhooks that were taken.', counters.webhookEventsSent),
    counter('webhook_events_dropped', 'Events of webhooks that were given up.', counters.webhookEventsDropped),
    counter('webhook_failures', 'Attempts to send a webhook that have failed.', counters.webhookFailures),
    gauge('relay_deaf', 'Whether messages of other nodes are missed now: 1, else 0.', state.deaf.isDeaf ? 1 : 0),
    counter('relay_deaf_spans', 'Times in which messages of other nodes were missed.', state.deaf.count),
    counter('relay_deaf_seconds', 'How long these times were together.', state.deaf.totalMs / 1000),
  ]);
}

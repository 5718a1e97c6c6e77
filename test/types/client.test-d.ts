import type { IncomingMessage } from 'pushrail';
import {
  type ChannelMembers,
  type ClientChannel,
  type ClientConfig,
  type ConnectionState,
  PushClient,
  type PushClientError,
  type PushClientErrorCode,
  socketIdFetch,
} from 'pushrail/client';
import { usePresence, usePushError, usePushEvent, usePushState } from 'pushrail/client/react';
import { expectTypeOf } from 'vitest';

declare const config: ClientConfig;
interface Events {
  'order.shipped': { orderId: number };
  typing: { name: string };
  'client-typing': { isTyping: boolean };
  'client-left': null;
}

// Without types of events, data is unknown.
const plain = new PushClient(config);
plain.bind('anything', (data, message) => {
  expectTypeOf(data).toBeUnknown();
  expectTypeOf(message).toEqualTypeOf<IncomingMessage>();
});

// With them, each listener knows its data, and no other event is there.
const client = new PushClient<Events>(config);
client.bind('order.shipped', (data) => expectTypeOf(data).toEqualTypeOf<{ orderId: number }>());
client.bindAll((data) => expectTypeOf(data).toEqualTypeOf<Events[keyof Events]>());
expectTypeOf(client.bind('typing', () => {})).toEqualTypeOf<() => void>();
// @ts-expect-error: an event that there is not
client.bind('order.shiped', () => {});
// @ts-expect-error: data of another event
client.bind('typing', (data: { orderId: number }) => data);

// Events of the protocol can be bound beside them.
client.bind('pusher:subscription_succeeded', (data) => expectTypeOf(data).toBeUnknown());
client.channel('orders').bind('pusher:cache_miss', (data) => expectTypeOf(data).toBeUnknown());
client.unbind('pusher:subscription_succeeded');
// @ts-expect-error: an event is bound by its name
client.bind(/order/, () => {});

// A channel has the events of its client, or its own.
expectTypeOf(client.channel('orders')).toEqualTypeOf<ClientChannel<Events>>();
client.channel('orders').bind('typing', ({ name }) => expectTypeOf(name).toEqualTypeOf<string>());
client.channel<{ joined: string }>('room').bind('joined', (name) => expectTypeOf(name).toEqualTypeOf<string>());
// @ts-expect-error: an event of the client is none of a channel that has its own
client.channel<{ joined: string }>('room').bind('typing', () => {});
expectTypeOf(client.channel('presence-room').members).toEqualTypeOf<ChannelMembers>();
expectTypeOf(plain.channel('private-room').trigger('client-typing', {})).toEqualTypeOf<boolean>();
plain.channel('private-room').trigger('client-typing');

// It sends the events that it has.
expectTypeOf(client.channel('private-room').trigger('client-typing', { isTyping: true })).toEqualTypeOf<boolean>();
client.channel('private-room').trigger('client-left');
// @ts-expect-error: an event that there is not
client.channel('private-room').trigger('client-tping', { isTyping: true });
// @ts-expect-error: data of another event
client.channel('private-room').trigger('client-typing', { orderId: 1 });
// @ts-expect-error: an event that needs data
client.channel('private-room').trigger('client-typing');
// @ts-expect-error: an event that only the server sends
client.channel('private-room').trigger('order.shipped', { orderId: 1 });

// Its members have the type that the page gives them.
const room = client.channel<Events, { name: string }>('presence-room');
expectTypeOf(room.members).toEqualTypeOf<ChannelMembers<{ name: string }>>();
expectTypeOf(room.members.get('ann')?.name).toEqualTypeOf<string | undefined>();
room.onMembersChange((members) => expectTypeOf(members).toEqualTypeOf<ReadonlyMap<string, { name: string }>>());
expectTypeOf(room.error).toEqualTypeOf<PushClientError | undefined>();

// An SDK is its class, or the module around it.
declare const pusherModule: typeof import('pusher-js');
declare const pubnubModule: typeof import('pubnub');
new PushClient(config, { Pusher: pusherModule, PubNub: pubnubModule });
new PushClient(config, { Pusher: pusherModule.default });
// @ts-expect-error: an object that has no class
new PushClient(config, { Pusher: { connect() {} } });

// What it tells of itself.
expectTypeOf(client.state).toEqualTypeOf<ConnectionState>();
expectTypeOf(client.socketId).toEqualTypeOf<string | undefined>();
client.onStateChange((state, previous) => expectTypeOf(state).toEqualTypeOf(previous));
client.onError((error) => expectTypeOf(error).toEqualTypeOf<PushClientError>());
client.onError(({ code }) => expectTypeOf(code).toEqualTypeOf<PushClientErrorCode>());
client.onSubscribed(({ isResubscription }) => expectTypeOf(isResubscription).toEqualTypeOf<boolean>());
expectTypeOf(socketIdFetch(client)).toExtend<typeof fetch>();

// Its configuration comes from the server.
new PushClient({ backend: 'websocket', channels: ['orders'] });
// @ts-expect-error: the backend chooses the driver
new PushClient({ channels: ['orders'] });
// @ts-expect-error: channels are a list
new PushClient({ backend: 'websocket', channels: 'orders' });

// A transport of one's own.
class OwnClient extends PushClient<Events> {
  override subscribe(channel: string): void {
    this.receiveMessage({ channel, event: 'typing', data: { name: 'Ann' } });
  }
}
expectTypeOf(OwnClient).instance.toExtend<PushClient<Events>>();

// The hooks of React take a client that is not there yet.
declare const later: PushClient<Events> | undefined;
usePushEvent(later, 'order.shipped', ({ orderId }) => expectTypeOf(orderId).toEqualTypeOf<number>(), {
  channel: 'orders',
});
expectTypeOf(usePushState(later)).toEqualTypeOf<ConnectionState>();
expectTypeOf(usePresence(null, 'presence-room')).toEqualTypeOf<ChannelMembers>();
expectTypeOf(usePresence<{ name: string }>(later, 'room')).toEqualTypeOf<ChannelMembers<{ name: string }>>();
expectTypeOf(usePushError(later, 'private-orders')).toEqualTypeOf<PushClientError | undefined>();
usePushEvent(later, 'pusher:member_added', (data) => expectTypeOf(data).toBeUnknown());
usePushEvent<{ joined: string }, 'joined'>(later, 'joined', (name) => expectTypeOf(name).toEqualTypeOf<string>(), {
  channel: 'room',
});
// @ts-expect-error: without a channel, the events are the client's
usePushEvent<{ joined: string }, 'joined'>(later, 'joined', () => {});
// @ts-expect-error: an event that there is not
usePushEvent(later, 'order.shiped', () => {});
// @ts-expect-error: an option that there is not
usePushEvent(later, 'typing', () => {}, { channels: ['orders'] });

// What the examples of this folder share: a push service whose sessions are kept in this process, and the one send.
import { createPushService, memorySessions } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';

export const backend = new WebSocketService({ appId: '1001', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' });
export const push = createPushService({ backend, sessions: memorySessions({ ttl: 24 * 60 * 60 * 1000 }) });

/** Something happens, and every open page of the customer hears of it. Returns 'unreachable' when there is none. */
export async function ship(customer) {
  const { status } = await push.send({ event: 'order.shipped', users: customer, data: { orderId: 42 } });
  return status;
}

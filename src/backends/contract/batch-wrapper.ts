import type { OutgoingMessage } from '../../wire/message.js';
import { resultFor, resultsIn } from './make-request.js';
import type { RequestAnswer, RequestContext } from './request.js';
import { PushServiceWrapper } from './wrapper.js';

/**
 * A backend whose provider takes several channels in one request. Its one duty is `sendBatch`; `sendData` is made from
 * it: one channel is a batch of one.
 * @example
 * class BusService extends BatchServiceWrapper<Bus> {
 *   protected async sendBatch(channels: readonly string[], { event, data }: OutgoingMessage): Promise<void> {
 *     await this.api.publish(channels, event, data);
 *   }
 * }
 */
export abstract class BatchServiceWrapper<
  Api = unknown,
  Options extends object = Record<string, unknown>,
> extends PushServiceWrapper<Api, Options> {
  /**
   * Sends one message to one channel or several in one request. MUST throw only when the whole request failed.
   * @param channels never more than `maxChannelsPerRequest`
   * @returns a result for each channel, or nothing when all accepted
   */
  protected abstract override sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<RequestAnswer>;

  protected override async sendData(
    channel: string,
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<unknown> {
    const results = resultsIn(await this.sendBatch([channel], message, context));
    return results && resultFor(channel, results, this.name);
  }
}

import type { OutgoingMessage } from '../message.js';
import { loadPeer } from './peer.js';
import type { PubNubClient } from './pubnub/pubnub-client.js';
import type { PubNubOptions } from './pubnub/pubnub-options.js';
import { type BackendSettings, PushServiceWrapper } from './push-service-wrapper.js';

export type { PubNubClient } from './pubnub/pubnub-client.js';
export type { PubNubOptions } from './pubnub/pubnub-options.js';

type PubNubClass = new (settings: object) => PubNubClient;

/** The `pubnub` backend: PubNub through the package `pubnub`, 11 or later. */
export class PubNubService extends PushServiceWrapper<PubNubClient, PubNubOptions> {
  /** @throws ConfigurationError when a credential or the package is missing, or an option is wrong */
  constructor(settings: BackendSettings<PubNubOptions> = {}) {
    super(settings);
    this.requireCredentials('pubKey', 'subKey');
    const PubNub = loadPeer<PubNubClass>('pubnub', 'the pubnub backend');
    const { pubKey: publishKey, subKey: subscribeKey, useSsl: ssl } = this;
    this.api = new PubNub({ userId: 'pushrail', ...this.options, publishKey, subscribeKey, ssl });
  }

  override get name(): string {
    return 'pubnub';
  }

  protected async sendData(channel: string, message: OutgoingMessage): Promise<void> {
    const { id, event, data } = message;
    await this.api.publish({ channel, message: { event, data, id }, sendByPost: true });
  }
}

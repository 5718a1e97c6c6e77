import type { OutgoingMessage } from '../message.js';
import { ChannelsService } from './channels/channels-service.js';
import { loadPeer } from './peer.js';
import type { BackendSettings } from './push-service-wrapper.js';
import type { PusherClient } from './pusher/pusher-client.js';
import type { PusherOptions } from './pusher/pusher-options.js';

export type { PusherClient } from './pusher/pusher-client.js';
export type { PusherOptions } from './pusher/pusher-options.js';

type PusherClass = new (settings: object) => PusherClient;

/** The `pusher` backend: Pusher Channels, or any server that speaks its HTTP API, through the package `pusher`. */
export class PusherService extends ChannelsService<PusherClient, PusherOptions> {
  /** @throws ConfigurationError when a credential or the package is missing, or an option is wrong */
  constructor(settings: BackendSettings<PusherOptions> = {}) {
    super(settings);
    const Pusher = loadPeer<PusherClass>('pusher', 'the pusher backend');
    const { appId, pubKey: key, secretKey: secret, useSsl: useTLS } = this;
    this.api = new Pusher({ ...this.options, appId, key, secret, useTLS });
  }

  override get name(): string {
    return 'pusher';
  }

  protected async sendData(channel: string, message: OutgoingMessage): Promise<void> {
    await this.api.trigger(channel, message.event, message.payload);
  }
}

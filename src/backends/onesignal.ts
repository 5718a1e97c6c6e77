import type { OutgoingMessage } from '../message.js';
import type { OneSignalClient } from './onesignal/onesignal-client.js';
import type { OneSignalOptions } from './onesignal/onesignal-options.js';
import { loadPeer } from './peer.js';
import { type BackendSettings, PushServiceWrapper } from './push-service-wrapper.js';

export type { OneSignalClient } from './onesignal/onesignal-client.js';
export type { OneSignalOptions } from './onesignal/onesignal-options.js';

type OneSignalModule = { Client: new (appId: string, key: string, options: object) => OneSignalClient };

/** The `onesignal` backend: OneSignal push notifications through the package `onesignal-node`. */
export class OneSignalService extends PushServiceWrapper<OneSignalClient, OneSignalOptions> {
  /** @throws ConfigurationError when a credential or the package is missing, or an option is wrong */
  constructor(settings: BackendSettings<OneSignalOptions> = {}) {
    super(settings);
    this.requireCredentials('appId', 'secretKey');
    const { Client } = loadPeer<OneSignalModule>('onesignal-node', 'the onesignal backend');
    this.api = new Client(this.appId, this.secretKey, { apiRoot: this.options.apiRoot ?? 'https://api.onesignal.com' });
  }

  override get name(): string {
    return 'onesignal';
  }

  protected async sendData(channel: string, message: OutgoingMessage): Promise<void> {
    await this.api.createNotification({
      include_aliases: { external_id: [channel] },
      target_channel: 'push',
      contents: { en: message.event },
      data: { event: message.event, data: message.data },
    });
  }
}

import {
  type OneSignalMessageOptions,
  type OneSignalOptions,
  OneSignalService,
} from '../../../../src/backends/onesignal/index.js';
import { createPushService, type PushServerSettings, type PushService } from '../../../../src/index.js';
import {
  type NotificationRequest,
  type OneSignalProvider,
  startOneSignalProvider,
} from '../../../providers/onesignal-provider.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

/** A service on the onesignal backend, and the provider that it talks to. */
export interface Started {
  readonly provider: OneSignalProvider;
  readonly push: PushService;
  readonly service: OneSignalService;
  readonly logger: RecordingLogger;
  /** The notifications that the provider was asked for, refused ones too. */
  requests(): NotificationRequest[];
  /** Sends to one user and returns the request. */
  requestOf(backendOptions: OneSignalMessageOptions, notification?: object): Promise<NotificationRequest>;
}

/** What differs from the usual. */
export interface StartOptions {
  readonly options?: OneSignalOptions;
  readonly settings?: Partial<PushServerSettings>;
  readonly provider?: Parameters<typeof startOneSignalProvider>[0];
}

/** @param onTestFinished closes both */
export async function start(
  onTestFinished: (close: () => Promise<void>) => void,
  { options = {}, settings = {}, provider: kind = {} }: StartOptions = {},
): Promise<Started> {
  const provider = await startOneSignalProvider(kind);
  const logger = new RecordingLogger();
  const push = createPushService({
    ...provider.settings,
    options: { ...provider.settings.options, ...options },
    logger,
    ...settings,
  } as PushServerSettings);
  onTestFinished(async () => {
    await push.close();
    await provider.close();
  });
  const service = push.backend;
  if (!(service instanceof OneSignalService)) throw new Error('another backend');
  const requests = () => provider.server.requests.map(({ body }) => JSON.parse(body) as NotificationRequest);
  const requestOf = async (backendOptions: OneSignalMessageOptions, notification?: object) => {
    await push.send({
      channels: 'ann',
      data: null,
      backendOptions,
      ...(notification && { notification: { title: 'Hello', ...notification } }),
    });
    const request = requests().at(-1);
    if (request === undefined) throw new Error('no request');
    return request;
  };
  return { provider, push, service, logger, requests, requestOf };
}

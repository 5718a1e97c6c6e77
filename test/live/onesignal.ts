import { createPushService, DeliveryError } from 'pushrail';
import type { LiveCheck } from './check.ts';

export const onesignal: LiveCheck = {
  provider: 'OneSignal',
  needs: ['ONESIGNAL_APP_ID', 'ONESIGNAL_REST_KEY'],
  takes: {
    ONESIGNAL_EXTERNAL_ID: 'the recipient is "pushrail-live-check"',
    ONESIGNAL_API_ROOT: "OneSignal's own servers are asked",
  },
  async *run(environment) {
    const { ONESIGNAL_APP_ID: appId, ONESIGNAL_REST_KEY: secretKey, ONESIGNAL_API_ROOT: apiRoot } = environment;
    const recipient = environment['ONESIGNAL_EXTERNAL_ID'] ?? 'pushrail-live-check';
    const push = createPushService({
      backend: 'onesignal',
      appId,
      secretKey,
      ...(apiRoot !== undefined && { useSsl: apiRoot.startsWith('https:'), options: { apiRoot } }),
      retries: 0,
    });
    try {
      // One recipient, once: OneSignal disables an application that notifies far more devices than it has.
      const report = await push.send({
        users: recipient,
        event: 'live-check',
        data: { sentAt: Date.now() },
        notification: { title: 'pushrail', body: 'The live check reaches this device.' },
      });
      yield `sent a notification to one external id: ${JSON.stringify(report.info[recipient] ?? {})}`;
    } catch (error) {
      // The request was understood and the key is right: nobody has subscribed under this id.
      if (!(error instanceof DeliveryError) || !/subscri/i.test(error.message)) throw error;
      yield `asked for a notification to one external id, who is not subscribed: ${error.message}`;
    } finally {
      await push.close();
    }
  },
};

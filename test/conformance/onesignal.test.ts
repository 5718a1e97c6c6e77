import type { ConformanceSubject } from '../../src/testing/index.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import { conforms } from './register.js';
import { providerSubject } from './subjects/provider.js';

const webhookSecret = 'secret-of-the-webhooks';

/** With the texts that a device shows, which OneSignal gets beside the data. */
async function subject(): Promise<ConformanceSubject> {
  const provider = await startOneSignalProvider();
  const notificationOf = (id: string): object => {
    const requests = [...provider.notifications.values()];
    const { headings, contents } = requests.find(({ data }) => (data as { id: string }).id === id) ?? {};
    return { headings, contents };
  };
  const { settings, secrets } = provider;
  const inner = providerSubject(provider, { ...settings, options: { ...settings.options, webhookSecret } });
  return {
    ...inner,
    secrets: [...secrets, webhookSecret],
    received: async () =>
      (await inner.received()).map((record) => ({ ...record, notification: notificationOf(record.id ?? '') })),
  };
}

conforms('onesignal', { create: subject });

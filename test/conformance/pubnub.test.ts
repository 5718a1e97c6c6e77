import type { ConformanceSubject } from '../../src/testing/index.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { conforms } from './register.js';
import { providerSubject } from './subjects/provider.js';

const webhookSecret = 'secret-of-the-webhooks';

async function subject(): Promise<ConformanceSubject> {
  const provider = await startPubNubProvider();
  const { settings, secrets } = provider;
  return {
    ...providerSubject(provider, { ...settings, options: { ...settings.options, webhookSecret } }),
    secrets: [...secrets, webhookSecret],
    delivers: true,
    async join(channel, member) {
      provider.present.set(channel, new Set(member && [member.id]));
      return { socketId: '', received: () => [], close: () => void provider.present.delete(channel) };
    },
  };
}

// A client is known by its user id.
conforms('pubnub', { create: subject, client: 'conformance-member' });

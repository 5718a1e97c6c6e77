import { isDeepStrictEqual } from 'node:util';
import { PusherService } from '../../../src/backends/pusher/index.js';
import type { AnyBackend, PushServerSettings } from '../../../src/index.js';
import type { ConformanceSubject, ProviderRecord } from '../../../src/testing/index.js';
import { startPusherProvider } from '../../providers/pusher-provider.js';
import { consoleSubject } from './console.js';
import { providerSubject } from './provider.js';

type Compose = (...backends: AnyBackend[]) => AnyBackend;
/** What the composite's message is, of the messages that the two within it got. */
type Gather = (first: readonly ProviderRecord[], second: readonly ProviderRecord[]) => readonly ProviderRecord[];

/** Each message goes to one of the two. */
export const toOne: Gather = (first, second) => [...first, ...second];

/** Each message goes to both: to have got different ones is to have got too many. */
export const toBoth: Gather = (first, second) => {
  const sorted = [first, second].map((records) => records.map(withoutId).sort());
  return isDeepStrictEqual(sorted[0], sorted[1]) ? first : [...first, ...second];
};

function withoutId({ channel, event, data }: ProviderRecord): string {
  return JSON.stringify({ channel, event, data });
}

/** Over two backends that print. */
export function overConsoles(compose: Compose, gather: Gather): ConformanceSubject {
  const [first, second] = [consoleSubject(), consoleSubject()];
  return {
    settings: { backend: compose(first.backend, second.backend) } as PushServerSettings,
    secrets: [first.backend.secretKey],
    received: async () => gather(await first.received(), await second.received()),
  };
}

/** Over two accounts with a provider that can fail. */
export async function overProviders(compose: Compose, gather: Gather): Promise<ConformanceSubject> {
  const providers = [await startPusherProvider(), await startPusherProvider()] as const;
  const subjects = providers.map((provider) => providerSubject(provider));
  const backends = providers.map(({ settings: { backend: _, ...settings } }) => new PusherService(settings));
  const [first, second] = subjects;
  const all = (fault: 'refuse' | 'hang' | 'disconnect' | 'recover') => (): void => {
    for (const { faults } of subjects) faults?.[fault]?.();
  };
  return {
    settings: { backend: compose(...backends) } as PushServerSettings,
    secrets: providers.flatMap(({ secrets }) => secrets),
    delivers: false,
    received: async () => gather((await first?.received()) ?? [], (await second?.received()) ?? []),
    faults: { refuse: all('refuse'), hang: all('hang'), disconnect: all('disconnect'), recover: all('recover') },
    async close() {
      for (const subject of subjects) await subject.close?.();
    },
  };
}

import { isDeepStrictEqual } from 'node:util';
import { PusherService } from '../../../src/backends/pusher/index.js';
import type { AnyBackend, PushServerSettings } from '../../../src/index.js';
import type { ConformanceSubject, ProviderRecord } from '../../../src/testing/index.js';
import { startPusherProvider } from '../../providers/pusher-provider.js';
import { consoleSubject } from './console.js';
import { providerSubject } from './provider.js';

type Compose = (...backends: AnyBackend[]) => AnyBackend;
/** Whether each message goes to one of the two, which then write into one list, or to both. */
type Goes = 'to one' | 'to both';

/** What both have got: to have got different messages is to have got too many. */
function common(first: readonly ProviderRecord[], second: readonly ProviderRecord[]): readonly ProviderRecord[] {
  const sorted = [first, second].map((records) => records.map(withoutId).sort());
  return isDeepStrictEqual(sorted[0], sorted[1]) ? first : [...first, ...second];
}

function withoutId({ channel, event, data }: ProviderRecord): string {
  return JSON.stringify({ channel, event, data });
}

/** Over two backends that print. */
export function overConsoles(compose: Compose, goes: Goes): ConformanceSubject {
  const lines: string[] | undefined = goes === 'to one' ? [] : undefined;
  const [first, second] = [consoleSubject(lines), consoleSubject(lines)];
  return {
    settings: { backend: compose(first.backend, second.backend) } as PushServerSettings,
    secrets: [first.backend.secretKey],
    received: async () => common(await first.received(), await second.received()),
  };
}

/** Over two accounts with a provider that can fail. */
export async function overProviders(compose: Compose, goes: Goes): Promise<ConformanceSubject> {
  const options = goes === 'to one' ? { received: [] } : {};
  const providers = [await startPusherProvider(options), await startPusherProvider(options)] as const;
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
    received: async () => common((await first?.received()) ?? [], (await second?.received()) ?? []),
    faults: { refuse: all('refuse'), hang: all('hang'), disconnect: all('disconnect'), recover: all('recover') },
    async close() {
      for (const subject of subjects) await subject.close?.();
    },
  };
}

import type { PushServerSettings } from '../../../src/index.js';
import type { ConformanceSubject, ProviderRecord } from '../../../src/testing/index.js';
import { answering, resetInBody, stalledHeaders } from '../../providers/faults.js';
import type { ProviderServer } from '../../providers/provider-server.js';

/** What the local servers that stand in for a provider have in common. */
export interface LocalProvider {
  readonly server: ProviderServer;
  readonly settings: PushServerSettings;
  readonly received: readonly ProviderRecord[];
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

const refusal = answering({ status: 400, body: { status: 400, error: true, message: 'no', errors: ['no'] } });

/** The server takes what it is sent also where its answer is spoilt: what it took while it refused is left out. */
export function providerSubject(provider: LocalProvider, settings: object = provider.settings): ConformanceSubject {
  const { server } = provider;
  const refused: [from: number, to: number][] = [];
  const isRefused = (_record: ProviderRecord, index: number): boolean =>
    refused.some(([from, to]) => index >= from && index < to);
  return {
    settings: settings as PushServerSettings,
    secrets: provider.secrets,
    received: () => provider.received.filter((record, index) => !isRefused(record, index)),
    delivers: false,
    requests: () => server.requests.length,
    faults: {
      refuse() {
        server.always = refusal;
        refused.push([provider.received.length, Number.POSITIVE_INFINITY]);
      },
      hang() {
        server.always = stalledHeaders;
      },
      disconnect() {
        server.always = resetInBody;
      },
      recover() {
        server.always = undefined;
        const [range] = refused.splice(-1);
        if (range !== undefined) refused.push([range[0], Math.min(range[1], provider.received.length)]);
      },
    },
    close: () => provider.close(),
  };
}

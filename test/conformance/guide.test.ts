import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, vi } from 'vitest';
import type { BackendSettings, OutgoingMessage, PushServerSettings } from '../../src/index.js';
import type { ConformanceHarness, ProviderRecord } from '../../src/testing/index.js';
import { codeBlocks } from '../docs/document.js';
import { conforms } from './register.js';

interface SendsData {
  sendData(channel: string, message: OutgoingMessage): Promise<void>;
}

// Within the repository, so that the block finds the package by its name.
const folder = mkdtempSync(join(import.meta.dirname, '.run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = 'my-service.js';
const block = codeBlocks(join(import.meta.dirname, '../../docs/backends/custom.md')).find(
  (found) => found.file === file,
);
writeFileSync(join(folder, file), block?.text ?? '');
const { MyService } = (await import(join(folder, file))) as { MyService: new (settings: BackendSettings) => SendsData };

/** The backend of one method in docs/backends/custom.md. It prints; what it was given is seen on the way. */
const harness: ConformanceHarness = {
  create() {
    const received: ProviderRecord[] = [];
    class Watched extends MyService {
      override async sendData(channel: string, message: OutgoingMessage): Promise<void> {
        await super.sendData(channel, message);
        received.push({ channel, ...message });
      }
    }
    const settings = { backend: Watched, appId: 'shop', secretKey: 'guide-secret-key' };
    return { settings: settings as unknown as PushServerSettings, received: () => received };
  },
};

beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

conforms("guide's", harness, ['faults.refuse()', 'faults.disconnect()', 'faults.hang()']);

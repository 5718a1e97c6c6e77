import type { BackendCapabilities, MemorySessions, PushServerSettings } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { MessageStore } from '../../src/messages/store.js';
import { type RecordedService, recordedService } from '../recording/recorded-service.js';
import { TestClock } from '../support/test-clock.js';

/** A service with a message store, where ann, bob and cleo have a session each: `of-ann`. */
export async function templateService(
  settings: Partial<PushServerSettings> & { readonly limits?: Partial<BackendCapabilities> } = {},
  store: MessageStore = memoryMessages(),
): Promise<RecordedService> {
  const recorded = recordedService(
    { limits: { maxChannelsPerRequest: 10 }, messages: store, ...settings },
    new TestClock(),
  );
  const sessions = recorded.push.sessions as MemorySessions;
  for (const user of ['ann', 'bob', 'cleo']) await sessions.add(user, `of-${user}`);
  return recorded;
}

/** A template with a title and data. */
export const welcome = { event: 'welcome', title: 'Hello {{ name }}', data: { name: '{{ name }}' } } as const;

export { backendConformance, type ConformanceCase, type ConformanceOutcome } from './conformance.js';
export type {
  ConformanceClient,
  ConformanceHarness,
  ConformanceSubject,
  ProviderFaults,
  ProviderRecord,
} from './harness.js';
export { messageStoreConformance } from './message-conformance.js';
export type { MessageStoreHarness, MessageStoreSubject, OpenTransaction } from './message-harness.js';
export { queueConformance } from './queue-conformance.js';
export type { QueueHarness, QueueSubject } from './queue-harness.js';
export { relayConformance } from './relay-conformance.js';
export type { RelayHarness, RelaySubject } from './relay-harness.js';
export { resetPushService } from './reset-push-service.js';
export { sessionConformance } from './session-conformance.js';
export type { SessionHarness, SessionSubject } from './session-harness.js';

export { backendConformance, type ConformanceCase, type ConformanceOutcome } from './conformance.js';
export type {
  ConformanceClient,
  ConformanceHarness,
  ConformanceSubject,
  ProviderFaults,
  ProviderRecord,
} from './harness.js';

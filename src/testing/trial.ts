import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  type AnyBackend,
  type BackendCapabilities,
  createPushService,
  PushError,
  type PushErrorCode,
  type PushService,
  type ServiceSettings,
} from '../index.js';
import type { ConformanceHarness, ConformanceSubject, ProviderRecord } from './harness.js';
import { pause, until } from './waiting.js';

/** Deadline of an attempt that should be answered, in milliseconds. */
const ATTEMPT_TIMEOUT_MS = 5_000;

/** A message that the provider must have. */
export interface ExpectedRecord {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly id?: string;
}

/** A running case: a service with a new backend, and the messages of the backend's provider. */
export class Trial {
  readonly harness: ConformanceHarness;
  readonly subject: ConformanceSubject;
  /** All details and texts that were logged. */
  readonly logged: unknown[] = [];
  readonly #settings: ServiceSettings;
  #push: PushService | undefined;

  constructor(harness: ConformanceHarness, subject: ConformanceSubject, settings: ServiceSettings) {
    this.harness = harness;
    this.subject = subject;
    this.#settings = settings;
  }

  /** The service, made at its first use. */
  get push(): PushService {
    this.#push ??= this.service(this.#settings);
    return this.#push;
  }

  /** Makes another service with the subject's settings. */
  service(settings: ServiceSettings = {}): PushService {
    const log = (details: object, text: string): void => void this.logged.push(details, text);
    const logger = { debug: log, info: log, warn: log, error: log };
    return createPushService({
      timeout: ATTEMPT_TIMEOUT_MS,
      retries: 0,
      ...this.subject.settings,
      ...settings,
      logger,
    });
  }

  get backend(): AnyBackend {
    return this.push.backend;
  }

  get capabilities(): BackendCapabilities {
    return this.backend.capabilities;
  }

  get event(): string {
    return this.harness.event ?? 'conformance-event';
  }

  get client(): string {
    return this.harness.client ?? '1234.5678';
  }

  get privateChannel(): string {
    return this.harness.privateChannel ?? 'private-conformance';
  }

  get presenceChannel(): string {
    return this.harness.presenceChannel ?? 'presence-conformance';
  }

  /** Returns the names of some channels, and starts watching them. */
  async channels(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, index) => this.nameOf(index + 1));
    await this.watch(names);
    return names;
  }

  async channel(): Promise<string> {
    const [name = ''] = await this.channels(1);
    return name;
  }

  nameOf(number: number): string {
    return this.harness.channel?.(number) ?? `conformance-${number}`;
  }

  async watch(channels: readonly string[]): Promise<void> {
    await this.push.ready();
    await this.subject.watch?.(channels);
  }

  /** Sends a message to a channel, and asserts that it was accepted. */
  async sendTo(channel: string, data: unknown, event: string = this.event): Promise<ExpectedRecord> {
    const report = await this.push.send({ channels: channel, event, data });
    assert.equal(report.status, 'accepted', `the report of a message to ${JSON.stringify(channel)}`);
    return { channel, event, data, id: report.id };
  }

  /** Asserts that the provider got these messages exactly once, and no others, since the case began. */
  async arrived(expected: readonly ExpectedRecord[]): Promise<readonly ProviderRecord[]> {
    await this.comesTrue(async () => (await this.subject.received()).length >= expected.length);
    await pause(this.harness.quietMs ?? 20);
    const received = await this.subject.received();
    const left = byChannel(received);
    for (const record of expected) {
      const candidates = left.get(record.channel) ?? [];
      const index = candidates.findIndex((candidate) => isExpected(candidate, record));
      assert.ok(
        index >= 0,
        `The provider must get ${shown(record)}; it got these others on the channel: ${shown(candidates)}`,
      );
      candidates.splice(index, 1);
    }
    const more = [...left.values()].flat();
    assert.deepEqual(more, [], `The provider got messages that were not sent, or got them twice: ${shown(more)}`);
    return received;
  }

  /** Waits until something holds, for `waitMs` at most. @returns whether it came to hold */
  comesTrue(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    return until(holds, this.harness.waitMs ?? 5_000);
  }

  async end(): Promise<void> {
    try {
      await this.#push?.close();
    } finally {
      await this.subject.close?.();
    }
  }
}

function byChannel(records: readonly ProviderRecord[]): Map<string, ProviderRecord[]> {
  const found = new Map<string, ProviderRecord[]>();
  for (const record of records) {
    const before = found.get(record.channel);
    if (before === undefined) found.set(record.channel, [record]);
    else before.push(record);
  }
  return found;
}

function isExpected(candidate: ProviderRecord, { event, data, id }: ExpectedRecord): boolean {
  if (candidate.event !== event || !isDeepStrictEqual(candidate.data, data)) return false;
  return id === undefined || candidate.id === undefined || candidate.id === id;
}

/** Longest part of a value that an assertion quotes, in characters. */
const MAX_SHOWN_LENGTH = 600;

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

/**
 * Asserts that a call fails with a `PushError` of one of these codes. The error may come from another copy of the
 * package.
 * @returns the error
 */
export async function failureOf(
  what: string,
  work: () => unknown,
  ...codes: readonly PushErrorCode[]
): Promise<PushError> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    assert.ok(PushError.isPushError(error), `${what} must fail with a PushError, not with ${String(error)}`);
    assert.ok(
      codes.includes(error.code),
      `${what} must fail with ${codes.join(' or ')}, not with ${error.code}: ${error.message}`,
    );
    return error;
  }
  return assert.fail(`${what} must fail with ${codes.join(' or ')}, but it returned ${shown(result)}`);
}

/** A property that a backend must have. */
export interface CaseDefinition {
  readonly name: string;
  /** Settings of the service, which replace the suite's own. */
  readonly settings?: ServiceSettings;
  /**
   * Returns what the case needs but the backend does not declare or the harness does not offer, such as
   * `subscribe: false`.
   */
  readonly lacks?: (trial: Trial) => string | undefined;
  readonly check: (trial: Trial) => Promise<void>;
  /** Checked in place of the property when something is lacking. */
  readonly instead?: (trial: Trial) => Promise<void>;
}

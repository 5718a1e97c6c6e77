import assert from 'node:assert/strict';
import { isSessionStore, type PushUser, type SessionAdapter, type SessionStore } from '../index.js';
import type { SessionHarness, SessionSubject } from './session-harness.js';
import { shown } from './trial.js';
import { pause, until } from './waiting.js';

/** Lifetime of a session that outlives its case, in milliseconds. */
export const LONG_MS = 600_000;
/** Lifetime of a session that expires within its case, in milliseconds. */
export const SHORT_MS = 100;

/** A running case about a session adapter. */
export class SessionTrial {
  readonly subject: SessionSubject;
  readonly #harness: SessionHarness;

  constructor(harness: SessionHarness, subject: SessionSubject) {
    this.#harness = harness;
    this.subject = subject;
  }

  get sessions(): SessionAdapter {
    return this.subject.sessions;
  }

  get isStore(): boolean {
    return isSessionStore(this.sessions);
  }

  /** The adapter as a session store. */
  get store(): SessionStore {
    const { sessions } = this;
    assert.ok(isSessionStore(sessions));
    return sessions;
  }

  get canAdd(): boolean {
    return this.isStore || this.subject.add !== undefined;
  }

  async add(user: PushUser, channelId: string, ttl: number = LONG_MS): Promise<void> {
    const { sessions, subject } = this;
    if (isSessionStore(sessions)) await sessions.add(user, channelId, { ttl });
    else await subject.add?.(user, channelId, ttl);
  }

  /** Looks up users and sorts the channels of each, because an adapter may return them in any order. */
  async lookUp(users: readonly PushUser[], sessions: SessionAdapter = this.sessions): Promise<string[][]> {
    const found = await sessions.channelsFor(users);
    assert.ok(Array.isArray(found), `channelsFor() must give a list, not ${shown(found)}`);
    assert.equal(found.length, users.length, 'channelsFor() must give one list of channels for each user: lists');
    for (const channels of found) {
      const isList = Array.isArray(channels) && channels.every((channel) => typeof channel === 'string');
      assert.ok(isList, `The channels of a user must be a list of strings, not ${shown(channels)}`);
    }
    return found.map((channels) => [...channels].sort());
  }

  /** Asserts that users have these channels, in any order. */
  async has(expected: readonly (readonly [user: PushUser, channels: readonly string[]])[]): Promise<void> {
    const found = await this.lookUp(expected.map(([user]) => user));
    assert.deepEqual(
      found,
      expected.map(([, channels]) => [...channels].sort()),
    );
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    if (this.subject.pass === undefined) await pause(ms);
    else await this.subject.pass(ms);
  }

  /** Waits until sessions have expired, then asserts that a user has just these channels. */
  async comesToHave(user: PushUser, channels: readonly string[]): Promise<void> {
    const expected = [...channels].sort().join();
    await until(async () => (await this.lookUp([user])).join() === expected, this.#harness.waitMs ?? 5_000);
    await this.has([[user, channels]]);
  }
}

/** A property that a session adapter must have. */
export interface SessionCaseDefinition {
  readonly name: string;
  /** Returns what the case needs but the adapter or the harness lacks. */
  readonly lacks?: (trial: SessionTrial) => string | undefined;
  readonly check: (trial: SessionTrial) => Promise<void>;
}

/** The `lacks` of a case that adds sessions. */
export function withoutSessions(trial: SessionTrial): string | undefined {
  return trial.canAdd ? undefined : 'the harness has no add()';
}

/** The `lacks` of a case about a session store. */
export function withoutStore(trial: SessionTrial): string | undefined {
  return trial.isStore ? undefined : 'the adapter has no add(), remove() and touch()';
}

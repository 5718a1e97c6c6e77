import { MemoryStore, type SessionData } from 'express-session';
import { describe, expect, test, vi } from 'vitest';
import { NewChannels } from '../../src/http/new-channels.js';
import { createPushService, memorySessions } from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { Application, logOuts } from './support/application.js';

/** A store that hands sessions out only when so many requests have asked for them: all then have the same state of it. */
class SlowStore extends MemoryStore {
  readonly #together: number;
  #waiting: (() => void)[] = [];

  constructor(together: number) {
    super();
    this.#together = together;
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    super.get(sid, (error, session) => {
      this.#waiting.push(() => callback(error, session));
      if (this.#waiting.length < this.#together) return;
      for (const go of this.#waiting.splice(0)) go();
    });
  }
}

describe('requests that come together, of a session that is logged in and has no channel yet,', () => {
  test.each(Object.keys(logOuts))('get one channel, which a log-out %s ends', async (how) => {
    const sessions = memorySessions();
    const service = createPushService({ backend: new RecordingBackend(), sessions });
    const store = new SlowStore(1);
    // The log-in went past the middleware, as before it was there.
    await using before = await new Application({ service, user: () => undefined }, { store }).start();
    const browser = before.browser();
    await browser.logIn('ann');

    const slow = new SlowStore(3);
    Object.assign(slow, { sessions: Reflect.get(store, 'sessions') });
    await using together = await new Application({ service }, { store: slow }).start();
    const page = together.browser();
    page.cookie = browser.cookie;
    const answers = await Promise.all([page.channels(), page.channels(), page.channels()]);
    expect(new Set(answers.flat()).size).toBe(1);
    expect((await sessions.channelsFor(['ann']))[0]).toEqual(answers[0]);

    await using after = await new Application({ service }, { store }).start();
    const later = after.browser();
    later.cookie = browser.cookie;
    await later.logOut(how);
    expect(await sessions.channelsFor(['ann'])).toEqual([[]]);
  });
});

describe('a session that changes hands within a moment', () => {
  test('gets another channel for each user: pages of the one before may still be open', async () => {
    const sessions = memorySessions();
    const service = createPushService({ backend: new RecordingBackend(), sessions });
    await using application = await new Application({ service }).start();
    const browser = application.browser();
    const [visitors] = await browser.channels();
    await browser.post('/log-in-within?user=ann');
    const [anns] = await browser.channels();
    expect(await sessions.channelsFor(['ann'])).toEqual([[anns]]);
    await browser.post('/log-in-within?user=ben');
    const [bens] = await browser.channels();
    expect(new Set([visitors, anns, bens]).size).toBe(3);
    expect(await sessions.channelsFor(['ann', 'ben'])).toEqual([[], [bens]]);
  });
});

describe('a channel that a session was given a moment ago', () => {
  let made = 0;
  const make = (): string => `session-${++made}`;

  test('is that of the same session and user, and of nobody else', () => {
    const channels = new NewChannels();
    const first = channels.channelFor('sid', 'ann', undefined, make);
    expect(channels.channelFor('sid', 'ann', undefined, make)).toBe(first);
    expect(channels.channelFor('other', 'ann', undefined, make)).not.toBe(first);
    expect(channels.channelFor('sid', undefined, undefined, make)).not.toBe(first);
    expect(channels.channelFor('sid', 'ben', undefined, make)).not.toBe(first);
  });

  test('is another one where the session has given it up for somebody else', () => {
    const channels = new NewChannels();
    const visitors = channels.channelFor('sid', undefined, undefined, make);
    const bens = channels.channelFor('sid', 'ben', visitors, make);
    expect(bens).not.toBe(visitors);
    expect(channels.channelFor('sid', 'ben', visitors, make)).toBe(bens);
  });

  test('that was made for a visitor is not that of who then logs in', () => {
    const channels = new NewChannels();
    expect(channels.channelFor('sid', undefined, undefined, make)).not.toBe(
      channels.channelFor('sid', 'ann', undefined, make),
    );
  });

  test('is another one each time for a session without an id', () => {
    const channels = new NewChannels();
    expect(channels.channelFor(undefined, 'ann', undefined, make)).not.toBe(
      channels.channelFor(undefined, 'ann', undefined, make),
    );
  });

  test('is another one once the session has given it up, and after a while', () => {
    vi.useFakeTimers();
    try {
      const channels = new NewChannels();
      const first = channels.channelFor('sid', 'ann', undefined, make);
      channels.forget('sid');
      const second = channels.channelFor('sid', 'ann', undefined, make);
      expect(second).not.toBe(first);
      vi.advanceTimersByTime(9_999);
      expect(channels.channelFor('sid', 'ann', undefined, make)).toBe(second);
      vi.advanceTimersByTime(1);
      expect(channels.channelFor('sid', 'ann', undefined, make)).not.toBe(second);
    } finally {
      vi.useRealTimers();
    }
  });
});

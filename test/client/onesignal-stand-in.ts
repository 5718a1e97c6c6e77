import type { OneSignalEventLike, OneSignalNotificationLike } from '../../src/client/drivers/onesignal/sdk.js';

type EventName = 'foregroundWillDisplay' | 'click';

/**
 * Stands in for OneSignal's web SDK, version 16, which comes from OneSignal's servers alone: `init` throws when it is called a second time,
 * listeners are called as they were added, and what is pushed to `OneSignalDeferred` waits until the script has loaded.
 * Source: https://documentation.onesignal.com/docs/web-sdk-reference
 */
export class OneSignalStandIn {
  readonly calls: unknown[][] = [];
  /** What `init` and `login` fail with. */
  initFailure: Error | undefined;
  loginFailure: Error | undefined;
  readonly #listeners: Record<EventName, ((event: OneSignalEventLike) => void)[]> = {
    foregroundWillDisplay: [],
    click: [],
  };

  readonly Notifications = {
    addEventListener: (event: EventName, listener: (event: OneSignalEventLike) => void): void => {
      this.#listeners[event].push(listener);
    },
    removeEventListener: (event: EventName, listener: (event: OneSignalEventLike) => void): void => {
      this.#listeners[event] = this.#listeners[event].filter((other) => other !== listener);
    },
  };

  async init(options: object): Promise<void> {
    if (this.calls.some(([name]) => name === 'init')) throw new Error('SDK already initialized');
    this.calls.push(['init', options]);
    if (this.initFailure) throw this.initFailure;
  }

  async login(...parameters: unknown[]): Promise<void> {
    this.calls.push(['login', ...parameters]);
    if (this.loginFailure) throw this.loginFailure;
  }

  /** As the script does when it has loaded: it calls what was pushed, and is called by what is pushed from then on. */
  load(): void {
    const page = globalThis as { OneSignalDeferred?: unknown };
    const push = (callback: (oneSignal: OneSignalStandIn) => unknown): void => void callback(this);
    for (const callback of (page.OneSignalDeferred ?? []) as ((oneSignal: OneSignalStandIn) => unknown)[])
      push(callback);
    page.OneSignalDeferred = { push };
  }

  emit(event: EventName, notification: OneSignalNotificationLike): void {
    for (const listener of [...this.#listeners[event]]) listener({ notification });
  }
}

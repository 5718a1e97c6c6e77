/** What happens to a page beside its connection. */
export interface PageLife {
  /** The page may have slept, or has its network back: its connection may be dead without anybody's knowing. */
  woken(): void;
  /** The page goes into the back/forward cache: nobody sees it any more, and its scripts stop. */
  left(): void;
  /** The page has come back out of the back/forward cache. */
  returned(): void;
}

interface Listening {
  addEventListener?(
    event: string,
    listener: (event: { readonly persisted?: boolean }) => void,
    options: { signal: AbortSignal },
  ): void;
}

/** The globals of a page; a program outside a browser has none of them. */
interface PageLike extends Listening {
  readonly document?: Listening & { readonly visibilityState?: string };
}

/** Reports the life of the page until the signal fires. Outside a browser nothing is ever reported. */
export function watchPage(life: PageLife, signal: AbortSignal): void {
  const page = globalThis as PageLike;
  const options = { signal };
  const woken = (): void => life.woken();
  page.addEventListener?.('focus', woken, options);
  page.addEventListener?.('online', woken, options);
  page.document?.addEventListener?.(
    'visibilitychange',
    () => page.document?.visibilityState === 'visible' && life.woken(),
    options,
  );
  page.addEventListener?.('pagehide', ({ persisted }) => persisted && life.left(), options);
  page.addEventListener?.('pageshow', ({ persisted }) => (persisted ? life.returned() : life.woken()), options);
}

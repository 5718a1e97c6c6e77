/** What happens to a page beside its connection. */
export interface PageLife {
  /** The page may have slept, or has its network back: its connection may be dead without anybody's knowing. */
  woken(): void;
  /** The page goes into the back/forward cache: nobody sees it any more, and its scripts stop. */
  left(): void;
  /** The page has come back out of the back/forward cache. */
  returned(): void;
}

/** The globals of a page; a program outside a browser has none of them. */
interface PageLike {
  addEventListener?(
    event: string,
    listener: (event: { readonly persisted?: boolean }) => void,
    options: { signal: AbortSignal },
  ): void;
  readonly document?: { readonly visibilityState?: string };
}

/** Reports the life of the page until the signal fires. Outside a browser nothing is ever reported. */
export function watchPage(life: PageLife, signal: AbortSignal): void {
  const page = globalThis as PageLike;
  for (const event of ['focus', 'online', 'visibilitychange', 'pageshow', 'pagehide']) {
    const changed = ({ persisted }: { readonly persisted?: boolean }): void => {
      if (event === 'pagehide') persisted && life.left();
      else if (persisted) life.returned();
      else if (page.document?.visibilityState !== 'hidden') life.woken();
    };
    page.addEventListener?.(event, changed, { signal });
  }
}

// The part of LiquidJS that is used here, so that no type of the package is part of ours.

/** A number that may grow as far as a limit. */
interface LiquidLimit {
  use(count: number): void;
  check(count: number): void;
}

/** What one text is rendered with. */
export interface LiquidContext {
  readonly memoryLimit: LiquidLimit;
  readonly renderLimit: LiquidLimit;
}

/** Takes what is rendered. */
export interface LiquidEmitter {
  buffer: unknown;
  write(value: unknown): void;
}

export interface LiquidToken {
  readonly kind: number;
  /** The whole text that it is a part of. */
  readonly input: string;
  /** Line and column, from 1. */
  getPosition(): readonly [line: number, column: number];
}

/** A part of a text that was parsed. */
export interface LiquidPart {
  readonly token: LiquidToken;
}

/** What a filter is called on. */
interface FilterCall {
  readonly context: LiquidContext;
}

export type FilterHandler = (this: FilterCall, value: unknown, ...args: unknown[]) => unknown;
export type LiquidFilter = FilterHandler | { readonly raw?: boolean; readonly handler: FilterHandler };

export type RenderParts = (
  parts: readonly LiquidPart[],
  context: LiquidContext,
  emitter?: LiquidEmitter,
) => Iterator<unknown>;

export interface Liquid {
  readonly options: object;
  readonly filters: Readonly<Record<string, LiquidFilter>>;
  readonly tags: Record<string, unknown>;
  readonly renderer: { renderTemplates: RenderParts };
  parse(text: string): readonly LiquidPart[];
  registerFilter(name: string, filter: LiquidFilter): void;
}

export interface LiquidModule {
  readonly Liquid: new (options: object) => Liquid;
  readonly Context: new (
    environment: object,
    options: object,
    rendering: object,
    parts: Partial<LiquidContext> & { readonly liquid: Liquid },
  ) => LiquidContext;
  readonly TokenKind: { readonly Output: number };
  toValueSync(iterator: Iterator<unknown>): unknown;
  toValue(value: unknown): unknown;
}

/** A query of the provider's HTTP API. */
export interface ApiQuery {
  /** The path below the application's own, percent-encoded, such as `/channels/orders`. */
  readonly path: string;
  /** Query parameters, not encoded. */
  readonly params?: ApiParameters | undefined;
}

/** A command of the provider's HTTP API. */
export interface ApiCommand extends ApiQuery {
  /** Sent as JSON. @default an empty object */
  readonly body?: object | undefined;
}

/** Query parameters of a provider's HTTP API, not encoded. */
export type ApiParameters = Readonly<Record<string, string | number | boolean>>;

interface Grant {
  readonly ttl: number;
  readonly permissions: {
    readonly uuid?: string;
    readonly resources: { readonly channels: Readonly<Record<string, number>> };
    readonly patterns: { readonly channels: Readonly<Record<string, number>> };
  };
}

/** The bit of a permission that stands for reading. */
const READ = 1;

/** Access Manager: who may read what, by the tokens that were granted. */
export class PubNubAccess {
  /** Whether a subscription needs a token. */
  isRequired = false;
  readonly #expired = new Set<string>();
  readonly #granted: string[] = [];

  /** The tokens that were granted, in order. */
  get granted(): readonly string[] {
    return this.#granted;
  }

  grant(body: string): string {
    // Two tokens for the same differ, as they do by their time.
    const token = Buffer.from(
      JSON.stringify({ ...(JSON.parse(body) as Grant), number: this.#granted.length }),
    ).toString('base64url');
    this.#granted.push(token);
    return token;
  }

  /** As when the time of all tokens that were granted so far is over. */
  expireAll(): void {
    for (const token of this.#granted) this.#expired.add(token);
  }

  /**
   * Why the user may not read the channels, and which of them; undefined when it may. "Token is expired." is what a
   * client's log shows in public, without channels. "Forbidden" is recorded for refused channels, and a guess for a
   * token that is missing or of another user.
   */
  refusal(
    token: string | null,
    userId: string | null,
    channels: readonly string[],
  ): { readonly message: string; readonly channels: readonly string[] } | undefined {
    if (!this.isRequired) return undefined;
    if (token === null || !this.#granted.includes(token)) return { message: 'Forbidden', channels };
    if (this.#expired.has(token)) return { message: 'Token is expired.', channels: [] };
    const { permissions } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Grant;
    if (permissions.uuid !== undefined && permissions.uuid !== userId) return { message: 'Forbidden', channels };
    const patterns = Object.entries(permissions.patterns.channels);
    const refused = channels.filter((channel) => {
      const named = permissions.resources.channels[channel] ?? 0;
      const matching = patterns.filter(([pattern]) => new RegExp(pattern).test(channel)).map(([, bits]) => bits);
      return [named, ...matching].every((bits) => (bits & READ) === 0);
    });
    return refused.length > 0 ? { message: 'Forbidden', channels: refused } : undefined;
  }
}

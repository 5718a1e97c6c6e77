import type { GivenMember } from '../backends/contract/authorization.js';
import { type ChannelParams, ChannelPattern } from '../core/channel-pattern.js';
import { ConfigurationError } from '../core/errors.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { AppUser } from './requests.js';

/** The argument of a rule. */
export interface RuleContext<Pattern extends string = string> {
  /** The user who asks. A rule is not called when nobody is logged in. */
  readonly user: AppUser;
  /** The values of the pattern's parameters. */
  readonly params: ChannelParams<Pattern>;
  readonly channel: string;
  /** The client's HTTP request, when the application passed it on. */
  readonly request: Request | undefined;
}

/**
 * Decides whether a user may subscribe to a channel: `true` allows, `false` refuses. On a presence channel, `true`
 * shows the other members only the user's id; return `{ id, info }` to show them more. Any other value, and any error,
 * refuses and is logged.
 */
export type ChannelRule<Pattern extends string = string> = (
  context: RuleContext<Pattern>,
) => Awaitable<boolean | GivenMember>;

/** A rule whose pattern matches a channel. */
export interface FoundRule {
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
  readonly rule: ChannelRule;
}

/** The rules of a push service. */
export class ChannelRules {
  /** The log lines of rules that fail. Every page may meet the same one at the same time. */
  readonly failures: RepeatedLines = new RepeatedLines();
  /** Sorted: the most exact pattern first. */
  readonly #entries: { readonly pattern: ChannelPattern; readonly rule: ChannelRule }[] = [];

  /** @throws ConfigurationError for a wrong pattern, and for one that has a rule already */
  add(text: string, rule: ChannelRule): void {
    const pattern = new ChannelPattern(text);
    if (typeof rule !== 'function') throw new ConfigurationError(`The rule for "${text}" must be a function.`);
    const same = this.#entries.find((entry) => entry.pattern.exactness === pattern.exactness);
    if (same !== undefined)
      throw new ConfigurationError(
        `"${text}" matches the same channels as "${same.pattern.text}", which has a rule already.`,
      );
    this.#entries.push({ pattern, rule });
    this.#entries.sort((a, b) => (a.pattern.exactness < b.pattern.exactness ? -1 : 1));
  }

  /** Finds the most exact rule for a channel. */
  find(channel: string): FoundRule | undefined {
    for (const { pattern, rule } of this.#entries) {
      const params = pattern.match(channel);
      if (params !== undefined) return { pattern: pattern.text, params, rule };
    }
    return undefined;
  }
}

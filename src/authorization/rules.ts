import type { PresenceMember } from '../backends/contract/authorization.js';
import { ConfigurationError } from '../core/errors.js';
import type { Awaitable } from '../core/until-aborted.js';
import { type ChannelParams, ChannelPattern } from './pattern.js';
import type { AppUser } from './requests.js';

/** What a rule decides by. */
export interface RuleContext<Pattern extends string = string> {
  /** Who asks; someone who is not logged in is refused before a rule is asked. */
  readonly user: AppUser;
  /** What stands in the channel's name for the pattern's parameters. */
  readonly params: ChannelParams<Pattern>;
  readonly channel: string;
  /** The request by which the client asks, where there is one. */
  readonly request: Request | undefined;
}

/**
 * Decides whether a user may subscribe to a channel. On a presence channel, `true` makes the user a member by its id alone; a
 * `PresenceMember` says what the others get to see. Whatever else it returns, and whatever it throws, is a refusal.
 */
export type ChannelRule<Pattern extends string = string> = (
  context: RuleContext<Pattern>,
) => Awaitable<boolean | PresenceMember>;

/** A rule that is for a channel. */
export interface FoundRule {
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
  readonly rule: ChannelRule;
}

/** Who may subscribe to which channels. */
export class ChannelRules {
  /** The most exact first. */
  readonly #entries: { readonly pattern: ChannelPattern; readonly rule: ChannelRule }[] = [];

  /** @throws ConfigurationError for a pattern that is none, or is there already */
  add(text: string, rule: ChannelRule): void {
    const pattern = new ChannelPattern(text);
    if (typeof rule !== 'function') throw new ConfigurationError(`The rule for "${text}" must be a function.`);
    const same = this.#entries.find((entry) => entry.pattern.exactness === pattern.exactness);
    if (same !== undefined)
      throw new ConfigurationError(
        `There is a rule for "${same.pattern.text}" already, which is for the same channels as "${text}".`,
      );
    this.#entries.push({ pattern, rule });
    this.#entries.sort((a, b) => (a.pattern.exactness < b.pattern.exactness ? -1 : 1));
  }

  /** The most exact rule for a channel. */
  find(channel: string): FoundRule | undefined {
    for (const { pattern, rule } of this.#entries) {
      const params = pattern.match(channel);
      if (params !== undefined) return { pattern: pattern.text, params, rule };
    }
    return undefined;
  }
}

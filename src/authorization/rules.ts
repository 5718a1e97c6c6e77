import type { GivenMember } from '../backends/contract/authorization.js';
import { checkOptionNames, checkSignal, type Lasting, whenAborted } from '../core/call-options.js';
import { ConfigurationError, ValidationError } from '../core/errors.js';
import { defaultLogger, type Logger } from '../core/logger.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { Awaitable } from '../core/until-aborted.js';
import { type ChannelParams, ChannelPattern } from './pattern.js';
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

/** How a rule is added. */
export interface RuleOptions extends Lasting {
  /**
   * Whether the rule takes the place of the one for the same channels, if there is one.
   * @default false: a second rule is an error where `NODE_ENV` is `production`, and replaces the first with a warning
   * elsewhere, because a module that is loaded anew adds its rules anew
   */
  readonly replace?: boolean | undefined;
}

/** A rule whose pattern matches a channel. */
export interface FoundRule {
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
  readonly rule: ChannelRule;
}

interface Entry {
  readonly pattern: ChannelPattern;
  readonly rule: ChannelRule;
  /** Makes the signal of the rule forget it. */
  readonly forget: () => void;
}

/** The rules of a push service. */
export class ChannelRules {
  /** The log lines of rules that fail. Every page may meet the same one at the same time. */
  readonly failures: RepeatedLines = new RepeatedLines();
  /** Sorted: the most exact pattern first. */
  readonly #entries: Entry[] = [];
  readonly #logger: () => Logger;

  constructor(logger: () => Logger = () => defaultLogger) {
    this.#logger = logger;
  }

  /**
   * @throws ConfigurationError for a wrong pattern, and in production for one that has a rule already
   * @throws ValidationError for wrong options
   */
  add(text: string, rule: ChannelRule, options: RuleOptions = {}): void {
    const pattern = new ChannelPattern(text);
    if (typeof rule !== 'function') throw new ConfigurationError(`The rule for "${text}" must be a function.`);
    checkOptionNames(options, ['signal', 'replace'], 'authorize()');
    const { signal, replace = false } = options;
    checkSignal(signal);
    if (typeof replace !== 'boolean') throw new ValidationError('"replace" must be true or false.');
    if (signal?.aborted) return;
    const same = this.#entries.find((entry) => entry.pattern.exactness === pattern.exactness);
    if (same !== undefined) {
      if (!replace) this.#refuseSecond(text, same.pattern.text);
      this.#remove(same);
    }
    const entry: Entry = { pattern, rule, forget: whenAborted(signal, () => this.#remove(entry)) };
    this.#entries.push(entry);
    this.#entries.sort((a, b) => (a.pattern.exactness < b.pattern.exactness ? -1 : 1));
  }

  /**
   * Warns of a second rule for the same channels.
   * @throws ConfigurationError in production, where a rule that is replaced unseen is a hole
   */
  #refuseSecond(pattern: string, first: string): void {
    const where = `"${pattern}" matches the same channels as "${first}", which has a rule already`;
    if (process.env['NODE_ENV'] === 'production') {
      throw new ConfigurationError(`${where}: to put another rule in its place, pass { replace: true }.`);
    }
    this.#logger().warn(
      { pattern },
      `${where}. The new rule takes its place, as when a module is loaded anew. In production this is an error, unless authorize() is told { replace: true }`,
    );
  }

  #remove(entry: Entry): void {
    const index = this.#entries.indexOf(entry);
    for (const { forget } of index < 0 ? [] : this.#entries.splice(index, 1)) forget();
  }

  /** Removes all rules. */
  clear(): void {
    for (const { forget } of this.#entries.splice(0)) forget();
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

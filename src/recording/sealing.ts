import { askInTime } from '../core/ask-in-time.js';
import { ConfigurationError, PushError } from '../core/errors.js';
import type { Awaitable } from '../core/until-aborted.js';

/** Turns a text into another one: the settings `seal` and `unseal`. */
type Turn = (text: string) => Awaitable<string>;

const consequences = { seal: 'nothing was recorded', unseal: 'the message cannot be read' } as const;

/**
 * Asks the setting `seal` or `unseal`.
 * @param timeout how long it has, in milliseconds
 * @throws ConfigurationError when it throws, or returns no text; TimeoutError when it does not answer
 */
export async function turned(name: 'seal' | 'unseal', turn: Turn, text: string, timeout: number): Promise<string> {
  const setting = `The setting "recording.${name}"`;
  const consequence = consequences[name];
  try {
    const wait = { missing: `${setting} did not answer`, consequence };
    const answer: unknown = await askInTime(turn, async () => turn(text), timeout, wait);
    if (typeof answer === 'string') return answer;
    throw new TypeError(`it returned a value of type ${typeof answer}, and no string`);
  } catch (error) {
    if (PushError.isPushError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${setting} failed, so ${consequence}: ${reason}`, { cause: error, retryable: true });
  }
}

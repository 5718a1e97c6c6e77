import { ConfigurationError } from '../../core/errors.js';
import { secretsOf } from '../../core/redaction.js';

/**
 * @param protocols those that the database's addresses begin with
 * @param takes what the store takes, in words
 * @throws ConfigurationError for anything but an address. It never shows the text, which may hold a password
 */
export function checkAddress(address: string, protocols: readonly string[], takes: string): void {
  const isAddress = URL.canParse(address) && protocols.some((protocol) => address.startsWith(`${protocol}//`));
  if (!isAddress) throw new ConfigurationError(`${takes}; within a password, write @ as %40, / as %2F and : as %3A.`);
}

/** The passwords in an address. */
export function secretsIn(address: string): ReadonlySet<string> {
  const password = new URL(address).searchParams.get('password') ?? undefined;
  return secretsOf({ address, password });
}

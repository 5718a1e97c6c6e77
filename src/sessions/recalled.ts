import { type Identify, identifyUser } from './adapter.js';

/** Marks what this package has made, also another copy of it. */
const brand: symbol = Symbol.for('pushrail.RecalledUser');

/** A user of whom only the id is known, because a recorded message kept no more. */
class RecalledUser {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Makes the two methods by which an adapter that needs nothing but ids takes the users of recorded messages.
 * @param identify the application's, which knows its own users alone. @default identifyUser, which takes ids too
 */
export function recalling<User>(identify?: Identify<User>): {
  readonly identify: Identify<User>;
  readonly recall: (id: string) => unknown;
} {
  if (identify === undefined) return { identify: identifyUser, recall: (id) => id };
  return {
    identify: (user) => (user instanceof RecalledUser ? user.id : identify(user)),
    recall: (id) => new RecalledUser(id),
  };
}

/** A user as the application knows it: the id, where an adapter of this package has recalled no more. */
export function asKnown(user: unknown): unknown {
  const isOurs = typeof user === 'object' && user !== null && Reflect.get(user, brand) === true;
  return isOurs ? (user as RecalledUser).id : user;
}

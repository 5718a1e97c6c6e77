import { type Identify, identifyUser } from './adapter.js';

/** A user of whom only the id is known, because a recorded message kept no more. */
class RecalledUser {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/**
 * Makes the two methods by which an adapter that needs nothing but ids takes the users of recorded messages.
 * @param identify the application's, which knows its own users alone. @default identifyUser
 */
export function recalling<User>(identify: Identify<User> = identifyUser): {
  readonly identify: Identify<User>;
  readonly recall: (id: string) => unknown;
} {
  return {
    identify: (user) => (user instanceof RecalledUser ? user.id : identify(user)),
    recall: (id) => new RecalledUser(id),
  };
}

import { checkAll, type Draft } from '../delivery/plan.js';
import type { MessageOrigin } from '../delivery/recording-options.js';
import type { SendOptions } from '../delivery/send-options.js';
import type { Recipients } from '../messages/record.js';
import { userIdOf } from '../sessions/user-id.js';
import type { RecordingHost } from './host.js';
import { checkKept, checkMessageOptions, type MessageOptions } from './message-options.js';

/** A message that has passed every check. It holds nothing of the caller's object, which may change meanwhile. */
export interface CheckedMessage {
  readonly draft: Draft<unknown>;
  readonly options: MessageOptions;
  readonly recipients: Recipients;
  /** What it was made of, where that is a template. */
  readonly origin: MessageOrigin | undefined;
}

/**
 * Checks messages that are to be recorded. It reads the caller's objects before it waits for anything.
 * @throws ValidationError or UnsupportedOperationError
 */
export async function checkedMessages<User>(
  messages: readonly SendOptions<User>[],
  { planning, clock, sessions }: Pick<RecordingHost, 'planning' | 'clock' | 'sessions'>,
  origins?: readonly MessageOrigin[],
): Promise<readonly CheckedMessage[]> {
  const drafting = checkAll(messages, planning);
  const now = clock.now();
  const options = Promise.all(messages.map(async (each) => checkMessageOptions(each as SendOptions<never>, now)));
  // What is wrong with a draft comes first.
  options.catch(() => {});
  const drafts = await drafting;
  const checked = await options;
  return drafts.map((draft, index) => {
    const own = checked[index] as MessageOptions;
    const { users, channels } = draft;
    const recipients = own.isForUsers
      ? { users: users.map((user) => checkKept(userIdOf(user, sessions), 'users')) }
      : { channels };
    return { draft, options: own, recipients, origin: origins?.[index] };
  });
}

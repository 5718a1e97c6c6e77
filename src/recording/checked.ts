import { type Parted, parted, planningOf } from '../delivery/parts.js';
import { checkAll } from '../delivery/plan.js';
import type { MessageOrigin } from '../delivery/recording-options.js';
import type { SendOptions } from '../delivery/send-options.js';
import type { Recipients } from '../messages/record.js';
import { userIdOf } from '../sessions/user-id.js';
import type { RecordingHost } from './host.js';
import { checkKept, checkMessageOptions, type MessageOptions } from './message-options.js';

/** A message that has passed every check. It holds nothing of the caller's object, which may change meanwhile. */
export interface CheckedMessage {
  readonly parted: Parted;
  readonly options: MessageOptions;
  readonly recipients: Recipients;
  /** What it was made of, where that is a template. */
  readonly origin: MessageOrigin | undefined;
}

type CheckingHost = Pick<RecordingHost, 'destinations' | 'clock' | 'timeout'>;

/**
 * Checks messages that are to be recorded. It reads the caller's objects before it waits for anything.
 * @throws ValidationError or UnsupportedOperationError; what the setting `routes` leads to
 */
export async function checkedMessages<User>(
  messages: readonly SendOptions<User>[],
  host: CheckingHost,
  signal: AbortSignal | undefined,
  origins?: readonly MessageOrigin[],
): Promise<readonly CheckedMessage[]> {
  const { destinations, clock, timeout } = host;
  const parting = destinations.areNamed
    ? parted(messages, { destinations, timeout, isRecorded: true }, signal)
    : wholes(messages, host);
  const now = clock.now();
  const options = Promise.all(messages.map(async (each) => checkMessageOptions(each as SendOptions<never>, now)));
  // What is wrong with a draft comes first.
  options.catch(() => {});
  const all = await parting;
  const checked = await options;
  return all.map((each, index) => {
    const own = checked[index] as MessageOptions;
    const { users, channels } = each.whole;
    const { sessions } = destinations.first;
    const recipients = own.isForUsers
      ? { users: users.map((user) => checkKept(userIdOf(user, sessions), 'users')) }
      : { channels };
    return { parted: each, options: own, recipients, origin: origins?.[index] };
  });
}

/** Checks messages for the one backend that there is. */
async function wholes<User>(
  messages: readonly SendOptions<User>[],
  { destinations: { first } }: CheckingHost,
): Promise<readonly Parted<User>[]> {
  const drafts = await checkAll(messages, planningOf(first, { isRecorded: true }));
  return drafts.map((whole) => {
    const parts = [{ destination: first, draft: whole }];
    return { whole, parts, via: undefined, backendOptions: whole.message.backendOptions };
  });
}

import type { Destination, Destinations } from './destination.js';
import { audienceOf, checkLists, type Draft, draftOf, newId, type PlanContext } from './plan.js';
import { routed } from './routes.js';
import { checkSendOptions, SEND_VIA, type SendOptions } from './send-options.js';
import { destinationsVia, type OptionsByName, optionsByName } from './via.js';

/** What of a message goes by one backend. */
export interface Part<User = unknown> {
  readonly destination: Destination;
  /** Of the users of the message, it has those who get it by this backend. */
  readonly draft: Draft<User>;
  /** The places of its users among those of the message. @default all of them */
  readonly places?: readonly number[] | undefined;
}

/** A message that has passed every check but those of the channels of users, in its parts. */
export interface Parted<User = unknown> {
  /** The message as a whole, with all its users. */
  readonly whole: Draft<User>;
  /** One for each backend that it goes by. There is none where every user is reached by none. */
  readonly parts: readonly Part<User>[];
  /** The names in `via`. */
  readonly via: readonly string[] | undefined;
  /** As the caller wrote them. With the setting `backends` they are those of each backend, by its name. */
  readonly backendOptions: Readonly<Record<string, unknown>> | undefined;
}

/** What parting needs of a service. */
export interface PartingHost {
  readonly destinations: Destinations;
  /** How long the setting `routes` has for messages without a `timeout`, in milliseconds. */
  readonly timeout: number;
  readonly isRecorded: boolean;
}

/** A message on its way into parts. */
interface Candidate<User> {
  readonly options: SendOptions<User>;
  readonly via: readonly Destination[] | undefined;
  readonly backendOptions: OptionsByName | undefined;
  /** The drafts for each backend that it may go by, or why it cannot. */
  readonly drafts: ReadonlyMap<Destination, () => Draft<User>>;
  readonly asksRoutes: boolean;
}

/**
 * Checks messages for each backend that they go by, and parts them. It reads the caller's objects before it waits for
 * anything.
 * @throws ValidationError or UnsupportedOperationError; what the setting `routes` leads to
 */
export async function parted<User>(
  messages: readonly SendOptions<User>[],
  host: PartingHost,
  signal: AbortSignal | undefined,
): Promise<readonly Parted<User>[]> {
  const candidates = messages.map((options) => candidate(options, host));
  const all = await Promise.all(candidates.map((each) => inParts(each, host, signal)));
  // One list of channels may be long, and its check goes backend by backend.
  const checked = await Promise.all(all.map((each) => withCheckedChannels(each, host)));
  return checked;
}

function candidate<User>(options: SendOptions<User>, host: PartingHost): Candidate<User> {
  const { destinations, isRecorded } = host;
  checkSendOptions(options, isRecorded, SEND_VIA);
  const via = destinationsVia(options, destinations);
  const byName = optionsByName(options.backendOptions, destinations);
  const audience = audienceOf(options);
  const asksRoutes = via === undefined && destinations.routes !== undefined && audience.users.length > 0;
  const id = newId(host);
  const draft = (destination: Destination): Draft<User> =>
    draftOf(options, { id, ...audience, backendOptions: byName?.[destination.name] }, planningOf(destination, host));
  const candidates = asksRoutes ? destinations.all : (via ?? [destinations.first]);
  // Nobody knows yet which of them the routes choose, and the caller's data may change meanwhile.
  const made = asksRoutes ? attempted(draft) : (destination: Destination) => always(draft(destination));
  const drafts = new Map(candidates.map((destination) => [destination, made(destination)]));
  return { options, via, backendOptions: byName, drafts, asksRoutes };
}

function always<Value>(value: Value): () => Value {
  return () => value;
}

/** Makes drafts, and keeps a failure until it matters. */
function attempted<User>(draft: (destination: Destination) => Draft<User>): (of: Destination) => () => Draft<User> {
  return (destination) => {
    try {
      return always(draft(destination));
    } catch (error) {
      return () => {
        throw error;
      };
    }
  };
}

async function inParts<User>(
  { options, via, backendOptions, drafts, asksRoutes }: Candidate<User>,
  { destinations, timeout, isRecorded }: PartingHost,
  signal: AbortSignal | undefined,
): Promise<Parted<User>> {
  const names = via?.map(({ name }) => name);
  if (!asksRoutes) {
    const parts = Array.from(drafts, ([destination, draft]) => ({ destination, draft: draft() }));
    return { whole: (parts[0] as Part<User>).draft, parts, via: names, backendOptions };
  }
  const whole = firstOf(drafts);
  const { message, json, users } = whole;
  const { tag } = options;
  const view = { event: message.event, json, notification: message.notification, tag };
  const call = { timeout: options.timeout ?? timeout, signal, isRecorded };
  const chosen = await routed(users, view, destinations, call);
  const parts: Part<User>[] = [];
  for (const [destination, draft] of drafts) {
    const places = [...users.keys()].filter((place) => chosen[place]?.includes(destination));
    const own = places.map((place) => users[place] as User);
    if (own.length > 0) parts.push({ destination, draft: { ...draft(), users: own }, places });
  }
  return { whole, parts, via: undefined, backendOptions };
}

/** The first draft that could be made. @throws why the first one of all could not, where none could */
function firstOf<User>(drafts: Candidate<User>['drafts']): Draft<User> {
  let failure: unknown;
  for (const draft of drafts.values()) {
    try {
      return draft();
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

async function withCheckedChannels<User>(message: Parted<User>, host: PartingHost): Promise<Parted<User>> {
  const { whole, parts } = message;
  if (whole.users.length > 0 || whole.channels.length === 0) return message;
  const checked: Part<User>[] = [];
  for (const { destination, draft } of parts) {
    // The check takes the list apart.
    const own = { ...draft, channels: [...draft.channels] };
    const [done = own] = await checkLists([own], planningOf(destination, host));
    checked.push({ destination, draft: done });
  }
  return { ...message, whole: (checked[0] as Part<User>).draft, parts: checked };
}

/** How messages are planned for a destination. */
export function planningOf({ planning }: Destination, { isRecorded }: Pick<PartingHost, 'isRecorded'>): PlanContext {
  return { ...planning, isRecorded };
}

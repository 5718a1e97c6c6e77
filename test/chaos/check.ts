import { type NodeRun, type Period, type Sent, tagOf } from './record.ts';

/** Before a connection ends, what is under way to its client may be lost with it, in milliseconds. */
const UNDER_WAY_MS = 3000;
/** A node that is killed may have been deaf for so long without knowing it, in milliseconds. */
const UNNOTICED_MS = 10_000;

/** What came of the check of all messages. */
export interface Verdict {
  /** Each is a promise that was broken, in words. */
  readonly problems: readonly string[];
  readonly deliveries: number;
  /** Messages of subscriptions that were missed in a deaf span. */
  readonly missedInSpans: number;
  /** Messages that a subscription had to get, outside of spans. */
  readonly due: number;
}

/** Holds what clients have heard against what was sent. */
export function checked(periods: readonly Period[], sent: readonly Sent[], runs: readonly NodeRun[]): Verdict {
  const problems: string[] = [];
  const messages = new Map(sent.map((message) => [message.id, message]));
  const byTag = new Map(runs.map((run) => [run.tag, run]));
  let deliveries = 0;
  let missedInSpans = 0;
  let due = 0;
  for (const channel of new Set(periods.map((period) => period.channel))) {
    const list = periods.filter((period) => period.channel === channel);
    checkOrder(channel, list, problems);
    const accepted = sent.filter((message) => message.channel === channel && message.outcome === 'accepted');
    for (const period of list) {
      const run = byTag.get(tagOf(period.socketId));
      if (run === undefined) {
        problems.push(`${nameOf(period)}: no node has this socket`);
        continue;
      }
      deliveries += period.received.length;
      for (const fault of period.faults) problems.push(`${nameOf(period, run)}: ${fault}`);
      checkReceived(period, run, messages, problems);
      const heard = new Set(period.received);
      // What was accepted before one was sent that came, came before it.
      const last = Math.max(0, ...period.received.map((id) => messages.get(id)?.from ?? 0));
      const end = endOf(period, run);
      for (const message of accepted) {
        if (message.from < period.from) continue;
        const isDue = message.to < Math.max(end, last);
        if (!isDue) continue;
        const isDeaf = run.deaf.some(([since, until]) => message.from <= until && message.to >= since);
        if (!isDeaf) due++;
        if (heard.has(message.id)) continue;
        if (isDeaf) missedInSpans++;
        else problems.push(`${nameOf(period, run)}: ${messageText(message)} was missed`);
      }
    }
  }
  return { problems, deliveries, missedInSpans, due };
}

/** Until when a message must be accepted that a subscription surely gets. */
function endOf({ to }: Period, { killedAt = Number.POSITIVE_INFINITY, stops }: NodeRun): number {
  if (to === undefined) return Number.POSITIVE_INFINITY;
  let end = to - UNDER_WAY_MS;
  if (to + UNDER_WAY_MS >= killedAt) end = killedAt - UNNOTICED_MS;
  // A node that stands still tells nothing, and a client may give it up.
  for (const [from, until] of stops)
    if (to > from && to < until + UNDER_WAY_MS) end = Math.min(end, from - UNNOTICED_MS);
  return end;
}

function checkReceived(period: Period, run: NodeRun, messages: ReadonlyMap<string, Sent>, problems: string[]): void {
  const before = new Set<string>();
  /** The latest start of a message so far: none that follows may have ended before. */
  let latest: Sent | undefined;
  for (const [place, id] of period.received.entries()) {
    const message = messages.get(id);
    if (before.has(id))
      problems.push(`${nameOf(period, run)}: ${id} came twice, again at ${time(period.times[place])}`);
    before.add(id);
    // Its node was killed before it could tell of it.
    if (message === undefined) continue;
    if (message.channel !== period.channel)
      problems.push(`${nameOf(period, run)}: ${messageText(message)} came on another channel`);
    if (message.outcome === 'rejected')
      problems.push(
        `${nameOf(period, run)}: ${messageText(message)} came, though its report says that it was not sent`,
      );
    if (message.outcome !== 'accepted') continue;
    if (latest !== undefined && message.to < latest.from)
      problems.push(`${nameOf(period, run)}: ${messageText(message)} came after ${messageText(latest)}`);
    if (latest === undefined || message.from > latest.from) latest = message;
  }
}

/** Whether there is one order of a channel's messages in which all clients have got theirs. */
function checkOrder(channel: string, periods: readonly Period[], problems: string[]): void {
  const followers = new Map<string, Map<string, Period>>();
  const before = new Map<string, number>();
  for (const period of periods)
    for (const [place, id] of period.received.entries()) {
      if (!followers.has(id)) followers.set(id, new Map());
      if (!before.has(id)) before.set(id, 0);
      const previous = period.received[place - 1];
      if (previous === undefined || previous === id) continue;
      const known = followers.get(previous);
      if (known === undefined || known.has(id)) continue;
      known.set(id, period);
      before.set(id, (before.get(id) ?? 0) + 1);
    }
  const ready = [...before].filter(([, count]) => count === 0).map(([id]) => id);
  const places = new Set<string>();
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    places.add(id);
    for (const next of followers.get(id)?.keys() ?? []) {
      const count = (before.get(next) ?? 0) - 1;
      before.set(next, count);
      if (count === 0) ready.push(next);
    }
  }
  if (places.size < before.size) {
    const inCircle = [...before].filter(([id]) => !places.has(id)).map(([id]) => id);
    const [one = ''] = inCircle;
    const seen = [...(followers.get(one) ?? [])].map(([next, period]) => `${next} by ${nameOf(period)}`);
    problems.push(
      `${channel}: no one order has ${inCircle.length} messages, such as ${one}, followed by ${seen.join(', ')}`,
    );
  }
}

function nameOf({ client, channel, socketId, from, to, end }: Period, run?: NodeRun): string {
  return `${client} (${socketId}${run === undefined ? '' : ` on ${run.name}`}) on ${channel} from ${time(from)} to ${to === undefined ? 'the end' : `${time(to)}, ${end}`}`;
}

function messageText({ id, from, to, outcome }: Sent): string {
  return `${id} (sent at ${time(from)}, ${outcome} at ${time(to)})`;
}

export function time(at: number | undefined): string {
  return at === undefined ? 'an unknown time' : new Date(at).toISOString().slice(11, 23);
}

import assert from 'node:assert/strict';
import { type MessageState, messageStates, transitions } from '../../index.js';
import { HOUR, type MessageCaseDefinition, type MessageTrial, NOW, SERVICE } from '../message-trial.js';

/** A time at which each waiting message is due, and no lease has run out. */
const SOON = NOW + 1;

/** A message in some state, and the token by which it was held last. */
interface Reached {
  readonly id: string;
  readonly token: string;
}

/** Tries all that may bring a message into a state. @returns whether a call says that it did */
async function tryTo(trial: MessageTrial, { id, token }: Reached, next: MessageState): Promise<boolean> {
  const { store } = trial;
  // A state that may never follow on SENDING may be refused as a mistake of the caller's.
  const answers = [await trial.settle({ id, token, state: next }, SOON).catch(() => false)];
  if (next === 'SENDING') answers.push((await trial.claim({ now: SOON, ms: HOUR })).length > 0);
  if (next === 'CANCELLED') answers.push((await store.cancel({ service: SERVICE, id }, SOON)).length > 0);
  if (next === 'WAITING') answers.push(await store.retry(SERVICE, id, SOON));
  return answers.includes(true);
}

function caseFor(state: MessageState, following: readonly MessageState[]): MessageCaseDefinition {
  return {
    name: `lets ${following.join(', ') || 'no state'} follow on ${state}${following.length > 0 ? ', and no other state' : ''}`,
    async check(trial) {
      for (const next of messageStates) {
        const reached = await trial.reach(state);
        await trial.has(reached.id, { state, changedAt: NOW });
        const isLegal = following.includes(next);
        const did = await tryTo(trial, reached, next);
        assert.equal(did, isLegal, `whether ${next} follows on ${state}, as the store says`);
        await trial.has(reached.id, { state: isLegal ? next : state, changedAt: isLegal ? SOON : NOW });
        // Nothing is left for the next one to claim.
        await trial.store.erase(SERVICE, 'ann');
      }
    },
  };
}

/** What follows on each state, one way or another, as `transitions` says. */
export const transitionCases: readonly MessageCaseDefinition[] = messageStates.map((state) =>
  caseFor(state, transitions[state]),
);

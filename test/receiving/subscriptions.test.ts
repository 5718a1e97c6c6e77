import { expect, test } from 'vitest';
import { PushError } from '../../src/index.js';
import { Subscriptions } from '../../src/receiving/subscriptions.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

test('a channel stays subscribed as long as anyone asks for it', async () => {
  const backend = new RecordingBackend();
  const subscriptions = new Subscriptions(backend, 1_000);
  await Promise.all([subscriptions.beginLoop('a'), subscriptions.subscribe('a'), subscriptions.beginLoop('a')]);
  await subscriptions.endLoop('a');
  await subscriptions.unsubscribe('a');
  expect(backend.calls).toEqual(['subscribe a']);
  await subscriptions.endLoop('a');
  expect(backend.calls).toEqual(['subscribe a', 'unsubscribe a']);
});

test('of two that ask at once when the first fails, the second tries for itself', async () => {
  const backend = new RecordingBackend();
  let tries = 0;
  backend.subscribe = async () => {
    if (++tries === 1) throw new Error('not now');
  };
  const subscriptions = new Subscriptions(backend, 1_000);
  const [first] = await Promise.all([failureOf(PushError, subscriptions.subscribe('a')), subscriptions.beginLoop('a')]);
  expect(first.message).toBe('The recording backend failed: not now');
  expect(tries).toBe(2);
  await subscriptions.endLoop('a');
  expect(backend.calls).toEqual(['unsubscribe a']);
});

test('an unsubscription that failed is not tried again by itself, and the next subscription asks the backend', async () => {
  const backend = new RecordingBackend();
  const { unsubscribe } = backend;
  backend.unsubscribe = () => Promise.reject(new Error('connection lost'));
  const subscriptions = new Subscriptions(backend, 1_000);
  await subscriptions.subscribe('a');
  await failureOf(PushError, subscriptions.unsubscribe('a'));
  await subscriptions.unsubscribe('a');
  backend.unsubscribe = unsubscribe;
  await subscriptions.subscribe('a');
  await subscriptions.unsubscribe('a');
  expect(backend.calls).toEqual(['subscribe a', 'subscribe a', 'unsubscribe a']);
});

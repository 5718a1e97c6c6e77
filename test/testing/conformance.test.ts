import { describe, expect, it, test } from 'vitest';
import type { AddressedMessage } from '../../src/index.js';
import { backendConformance } from '../../src/testing/index.js';
import { type BusService, busHarness } from './support/bus-service.js';
import * as faulty from './support/faulty-services.js';
import * as faultyWebhooks from './support/faulty-webhooks.js';

/** Backends that do one thing wrong, by the case that they must not pass. */
const wrong: Readonly<Record<string, Readonly<Record<string, typeof BusService>>>> = {
  'sends a message to one channel': {
    'sends to nobody': faulty.sending(() => []),
    'sends twice': faulty.sending((messages) => [...messages, ...messages]),
    'changes the id': faulty.changing(() => ({ id: 'mine' })),
  },
  'sends a message to more channels than one request takes, to each exactly once': {
    'loses the last channel of a request': faulty.sending((messages) =>
      messages.slice(0, Math.max(1, messages.length - 1)),
    ),
  },
  'sends different messages with sendMany, in as few requests as it takes': {
    'mixes messages up': faulty.sending((messages) =>
      messages.map(({ channel }) => ({ channel, message: (messages[0] as AddressedMessage).message })),
    ),
  },
  'sends once to a channel that is named twice': {
    'sends twice': faulty.sending((messages) => [...messages, ...messages]),
  },
  'sends two equal messages as two': { 'drops what is alike': faulty.DropsWhatIsAlike },
  'sends several messages at the same time': { 'keeps one message in mind': faulty.SendsTheLatest },
  'sends different messages to the same channels with sendMany': {
    'sends one message to each channel': faulty.sending((messages) => [
      ...new Map(messages.map((addressed) => [addressed.channel, addressed])).values(),
    ]),
  },
  'keeps the order of the messages that a sendMany has for one channel': {
    'sends the last one first': faulty.sending((messages) => messages.toReversed()),
  },
  'takes an idempotency key': { 'refuses keys': faulty.RefusesKeys },
  'finishes sends in progress when it is closed, and sends nothing afterwards': { 'sends later': faulty.SendsLater },
  'can be used by another service after close': { 'stays connected': faulty.StaysTied },
  'sends nested data as it is': {
    'sends text for data': faulty.changing(({ message }) => ({ payload: JSON.stringify(message.payload) })),
  },
  'sends false as it is': {
    'takes false for nothing': faulty.changing(({ message }) => ({
      payload: message.payload === 'false' ? 'null' : message.payload,
    })),
  },
  'sends a long text as it is': {
    'cuts long texts': faulty.changing(({ message }) => ({
      payload: JSON.stringify(message.data).length > 400 ? '"cut"' : message.payload,
    })),
  },
  'takes data of exactly its limit': {
    'cuts texts at the limit': faulty.changing(({ message }) => ({
      payload: message.payload.length > 990 ? '"cut"' : message.payload,
    })),
  },
  'sends events with special characters in their names, or refuses the names': {
    'encodes names': faulty.changing(({ message }) => ({ event: encodeURIComponent(message.event) })),
  },
  'sends to channels with special characters in their names, or refuses the names': {
    'changes channels': faulty.changing(({ channel }) => ({ channel: channel.replaceAll('-', '_') })),
  },
  'takes the longest channel name that its rule allows, and refuses a longer one': {
    'cuts channels': faulty.changing(({ channel }) => ({ channel: channel.slice(0, 40) })),
  },
  'takes the longest event name that its rule allows, and refuses a longer one': {
    'cuts events': faulty.changing(({ message }) => ({ event: message.event.slice(0, 40) })),
  },
  'fails when the provider refuses, says who failed, and works again afterwards': {
    'swallows errors': faulty.SwallowsErrors,
  },
  'fails for each channel of a message that the provider refuses': { 'swallows errors': faulty.SwallowsErrors },
  'fails for each message of a sendMany that the provider refuses': { 'swallows errors': faulty.SwallowsErrors },
  'fails when the connection is lost in the middle of a request, and works again afterwards': {
    'swallows errors': faulty.SwallowsErrors,
    'takes every failure for a refusal': faulty.TakesTheDeadlineForAnAnswer,
  },
  'gives up at the deadline when there is no answer, and works again afterwards': {
    'does not recover': faulty.StaysHung,
  },
  'gives up when the caller aborts, and works again afterwards': { 'does not recover': faulty.StaysHung },
  'retries a message with the same id': { 'takes a new id for each attempt': faulty.TakesNewIds },
  'shows no secret in errors and logs after the fault "refuse"': {
    'names the secret in an error': faulty.NamesTheSecret,
  },
  'shows no secret in errors and logs after the fault "hang"': { 'logs the secret': faulty.LogsTheSecret },
  'shows no secret when it is printed or turned into JSON': { 'prints the secret': faulty.PrintsItsKey },
  'publishes no secret in the configuration of its clients, which is JSON': {
    'publishes the secret': faulty.PublishesItsKey,
  },
  'receives each message of a channel once, however often it is subscribed to': {
    'subscribes twice': faulty.SubscribesTwice,
    'changes what comes in': faulty.ChangesWhatComesIn,
    'declares no subscribe, and subscribes': faulty.HasNoExcept,
  },
  'receives all messages in the order in which they were sent': {
    'hears in reverse': faulty.HearsInReverse,
  },
  'receives no messages of other channels': {
    'hears every channel': faulty.HearsEverything,
    'hears channels whose names begin alike': faulty.HearsTooMuch,
  },
  'receives no messages after unsubscribe, and receives again after subscribe': {
    'goes on hearing': faulty.GoesOnHearing,
    'cannot subscribe again': faulty.ForgetsHowToSubscribe,
  },
  'ignores an unsubscribe from a channel without a subscription': {
    'cannot unsubscribe from what it does not know': faulty.OnlySubscribes,
  },
  'authorises a connection on a private channel and on a presence channel': {
    'signs all channels alike': faulty.SignsAlike,
    'declares no authorize, and signs': faulty.HasNoExcept,
  },
  'signs a connection in as a user': {
    'signs users in with nothing': faulty.SignsInWithNothing,
    'declares no authenticate, and signs': faulty.HasNoExcept,
  },
  'tells who is on a channel': { 'sees nobody': faulty.SeesNobody },
  'tells that nobody is on a channel': {
    'sees somebody': faulty.SeesSomebody,
    'declares no presence, and tells': faulty.HasNoExcept,
  },
  'refuses every webhook that its provider has not signed': {
    'believes everything': faultyWebhooks.BelievesEverything,
    'fires before it verifies': faultyWebhooks.FiresBeforeItVerifies,
    'crashes without a signature': faultyWebhooks.CrashesWithoutASignature,
    'declares no webhooks, and reads them': faultyWebhooks.ReadsWhatItDoesNotDeclare,
  },
  'sends a message to all connections but the one that "except" names': {
    'ignores except': faulty.changing(() => ({})),
  },
  'takes backendOptions that it knows, and refuses or ignores others': {
    'refuses options by a TypeError': faulty.RefusesOptionsLate,
  },
  'can be closed twice, and before it was used': { 'cannot be closed twice': faulty.CannotCloseTwice },
  'leaves nothing open in the process when it is closed while the provider does not answer': {
    'ignores the signal': faulty.GoesOnWaiting,
  },
  'leaves nothing open in the process after close': { 'keeps a timer': faulty.KeepsATimer },
  'belongs to one service at a time': { 'belongs to every service': faulty.BelongsToEveryone },
  'has a name': { 'has no name': faulty.IsNameless },
  'declares the same capabilities each time': { 'changes its capabilities': faulty.ChangesItsMind },
  'delivers a notification beside the data': { 'drops notifications': faulty.DropsNotifications },
};

describe.each(Object.entries(wrong))('does not pass "%s"', (name, backends) => {
  test.each(Object.entries(backends))('a backend that %s', async (_what, Backend) => {
    const found = backendConformance(busHarness(Backend)).find((one) => one.name === name);
    await expect(found?.run()).rejects.toThrow();
  });
});

describe('a backend that does everything right', () => {
  it.each(backendConformance(busHarness()))('passes: $name', async ({ run }) => {
    expect(await run()).toEqual({ skipped: undefined });
  });
});

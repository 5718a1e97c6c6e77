import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeliveryError, TimeoutError } from '../../../src/index.js';
import { stalledBody, stalledHeaders } from '../../providers/faults.js';
import { respond } from '../../providers/provider-answer.js';
import { failureOf } from '../../support/failure-of.js';
import { eventually } from './support/eventually.js';
import { sdkVersions } from './support/sdk-versions.js';
import { setUp } from './support/setup.js';

const message = { event: 'order.shipped', channels: 'orders', data: { orderId: 42 } };

describe.each(sdkVersions)('a deadline, with version $version of the SDK,', ({ PubNub }) => {
  it.each([
    ['headers', stalledHeaders],
    ['body', stalledBody],
  ])('ends at the deadline when the %s stall, and closes the connection', async (_what, fault) => {
    const { provider, push } = await setUp({ PubNub }, { timeout: 60 });
    provider.server.faults.push(fault);
    const failure = await failureOf(DeliveryError, push.send(message));
    expect(failure.cause).toBeInstanceOf(TimeoutError);
    await eventually(() => provider.server.openConnections).toBe(0);
  });

  it.each([
    ['headers', stalledHeaders],
    ['body', stalledBody],
  ])('ends a query after requestTimeoutMs when the %s stall', async (_what, fault) => {
    const { provider, backend } = await setUp({ PubNub, requestTimeoutMs: 60 });
    provider.server.faults.push(fault);
    await failureOf(TimeoutError, backend.channelInfo('orders'));
    await eventually(() => provider.server.openConnections).toBe(0);
  });
});

it('gives a message as long as the settings say, whatever the clock of the SDK', async () => {
  const sent = sdkVersions.map(async ({ PubNub }) => {
    const { provider, push } = await setUp({ PubNub, requestTimeoutMs: 1 }, { timeout: 5000 });
    provider.server.faults.push((answer, response) => setTimeout(() => respond(answer, response), 1050));
    return (await push.send(message)).status;
  });
  expect(await Promise.all(sent)).toEqual(['accepted', 'accepted']);
});

it("leaves the SDK's own timeout running for little longer than its message may take", async () => {
  // Version 12 of the SDK never ends it, and whatever belongs to the request lives on until then.
  const timeouts = vi.spyOn(AbortSignal, 'timeout');
  onTestFinished(() => timeouts.mockRestore());
  const { backend, push } = await setUp({ requestTimeoutMs: 400 }, { timeout: 5000 });
  await push.send(message);
  await push.send({ ...message, timeout: 20_500 });
  await backend.channelInfo('orders');
  const [first, second, ofTheQuery, ofItsRequest] = timeouts.mock.calls.flat();
  expect([first, second]).toEqual([6000, 22_000]);
  expect([ofTheQuery, ofItsRequest]).toEqual([400, 2000]);
});

import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { callSdk } from '../../../src/backends/sdk/sdk-call.js';
import { DeliveryError } from '../../../src/index.js';
import * as faults from '../../providers/faults.js';
import { ProviderServer } from '../../providers/provider-server.js';
import { failureOf } from '../../support/failure-of.js';

async function start(): Promise<ProviderServer> {
  const server = await ProviderServer.start(() => ({ body: { fine: true } }));
  onTestFinished(() => server.close());
  return server;
}

/** What an SDK does that can neither be ended nor told to stay: a request that follows redirects. */
async function sdk(url: string): Promise<string> {
  const outgoing = request(url, { method: 'POST', headers: { authorization: 'Key secret' } }).end('{}');
  const [response] = await once(outgoing, 'response');
  return response.statusCode === 307 ? sdk(response.headers.location) : text(response);
}

describe('a call of an SDK', () => {
  test('returns what the SDK returns', async () => {
    const { origin } = await start();
    expect(await callSdk({ backend: 'acme', origin }, () => sdk(`${origin}/send`))).toBe('{"fine":true}');
  });

  test.each<[string, faults.Fault]>([
    ['before the answer', faults.stalledHeaders],
    ['in the middle of the answer', faults.stalledBody],
  ])('ends with the signal %s, and lets go of the connection', async (_when, fault) => {
    const server = await start();
    server.faults.push(fault);
    const controller = new AbortController();
    const { signal } = controller;
    const call = callSdk({ backend: 'acme', origin: server.origin, signal }, () => sdk(`${server.origin}/send`));
    const ended = failureOf(Error, call);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    controller.abort();
    await ended;
    await vi.waitFor(() => expect(server.openConnections).toBe(0));
  });

  test('sends nothing once the signal has fired', async () => {
    const server = await start();
    const signal = AbortSignal.abort();
    await failureOf(
      Error,
      callSdk({ backend: 'acme', origin: server.origin, signal }, () => sdk(server.origin)),
    );
    expect(server.connections).toBe(0);
  });

  test('follows no redirect to another host, which would get the keys', async () => {
    const [server, other] = [await start(), await start()];
    server.faults.push(faults.redirectTo(`${other.origin}/send`));
    const error = await failureOf(
      DeliveryError,
      callSdk({ backend: 'acme', origin: server.origin }, () => sdk(server.origin)),
    );
    expect(error.message).toContain(`redirected the request to ${other.origin}`);
    expect(error.outcome).toBe('rejected');
    expect(other.connections).toBe(0);
  });

  test('follows no redirect on the same host either, and says so when the SDK took it for an answer', async () => {
    const server = await start();
    server.faults.push(
      faults.redirectTo('/elsewhere'),
      faults.answering({ status: 302, headers: { location: 'http://' } }),
    );
    const call = { backend: 'acme', origin: server.origin };
    const careless = async (): Promise<string> => {
      const [response] = await once(request(`${server.origin}/send`).end(), 'response');
      return text(response);
    };
    const error = await failureOf(DeliveryError, callSdk(call, careless));
    expect(error.message).toContain(`redirected the request to ${server.origin}`);
    expect((await failureOf(DeliveryError, callSdk(call, careless))).message).toContain('to somewhere else');
    expect(server.requests).toHaveLength(2);
  });

  test('may have been carried out where the answer to it is elsewhere: 303', async () => {
    const server = await start();
    server.faults.push(faults.answering({ status: 303, headers: { location: '/result' } }));
    const call = callSdk({ backend: 'acme', origin: server.origin }, () => sdk(server.origin));
    expect((await failureOf(DeliveryError, call)).outcome).toBe('unknown');
  });

  test('leaves alone what an agent or a tracer asks of others meanwhile', async () => {
    const [server, other] = [await start(), await start()];
    const controller = new AbortController();
    const { signal } = controller;
    const prepare = (outgoing: ReturnType<typeof request>): void => void outgoing.setHeader('authorization', 'Key new');
    const asked: Promise<string>[] = [];
    const call = callSdk({ backend: 'acme', origin: server.origin, signal, prepare }, async () => {
      asked.push(sdk(`${other.origin}/script`));
      const answer = await sdk(server.origin);
      asked.push(sdk(`${other.origin}/spans`));
      return answer;
    });
    expect(await call).toBe('{"fine":true}');
    controller.abort();
    expect(await Promise.all(asked)).toEqual(['{"fine":true}', '{"fine":true}']);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual(['Key secret', 'Key secret']);
  });

  test('leaves alone what goes on in its context when it is over', async () => {
    const server = await start();
    const seen: unknown[] = [];
    let later: Promise<string> | undefined;
    const call = { backend: 'acme', origin: server.origin, prepare: () => void seen.push('prepared') };
    await callSdk(call, async () => {
      later = setImmediate().then(() => sdk(server.origin));
      return 'done';
    });
    await later;
    expect(seen).toEqual([]);
  });

  test('shows the headers of the answer', async () => {
    const server = await start();
    server.faults.push(faults.tooManyRequests('7'));
    const seen: unknown[] = [];
    const onResponse = ({ statusCode, headers }: IncomingMessage): void => {
      seen.push([statusCode, headers['retry-after']]);
    };
    await callSdk({ backend: 'acme', origin: server.origin, onResponse }, () => sdk(server.origin));
    expect(seen).toEqual([[429, '7']]);
  });

  test('lets the request be changed before it is sent', async () => {
    const server = await start();
    const prepare = (outgoing: ReturnType<typeof request>): void => void outgoing.setHeader('authorization', 'Key new');
    await callSdk({ backend: 'acme', origin: server.origin, prepare }, () => sdk(server.origin));
    expect(server.requests[0]?.headers.authorization).toBe('Key new');
  });

  test('that nobody hears of any more ends no process when the connection is reset', async () => {
    const server = await start();
    server.faults.push(faults.resetInBody);
    await failureOf(
      Error,
      callSdk({ backend: 'acme', origin: server.origin }, async () => {
        const outgoing = request(server.origin, { method: 'POST' }).end('{}');
        await once(outgoing, 'response');
        outgoing.emit('error', new Error('read ECONNRESET'));
        return new Promise(() => {});
      }),
    );
  });

  test('fails when a body breaks off, also where the SDK does not hear of it', async () => {
    const server = await start();
    server.faults.push(faults.resetInBody);
    const deaf = async (): Promise<string> => {
      await once(request(server.origin, { method: 'POST' }).end('{}'), 'response');
      return new Promise(() => {});
    };
    const error = await failureOf(Error, callSdk({ backend: 'acme', origin: server.origin }, deaf));
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  test("touches nobody else's requests", async () => {
    const [server, other] = [await start(), await start()];
    const controller = new AbortController();
    const { signal } = controller;
    await callSdk({ backend: 'acme', origin: server.origin, signal }, () => Promise.resolve('nothing'));
    controller.abort();
    expect(await sdk(other.origin)).toBe('{"fine":true}');
  });
});

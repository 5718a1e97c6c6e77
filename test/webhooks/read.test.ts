import { type IncomingMessage, IncomingMessage as IncomingMessageClass } from 'node:http';
import express from 'express';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PushError, TimeoutError, ValidationError } from '../../src/core/errors.js';
import { bodyRules, readWebhook } from '../../src/webhooks/read.js';
import type { WebhookSource } from '../../src/webhooks/source.js';
import { failureOf } from '../support/failure-of.js';
import { serve } from '../support/test-server.js';
import { bareClient } from './support/bare-client.js';

const body = '{"text":"世界"}';
const chunk = new Uint8Array(65_536);

afterEach(() => vi.useRealTimers());

async function textOf(source: WebhookSource): Promise<string> {
  return Buffer.from((await readWebhook(source)).rawBody).toString();
}

function webRequest(stream: ReadableStream | string): Request {
  return new Request('http://127.0.0.1/', { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
}

/** Reads the request that a server got, and what its client then got. */
async function readOnServer(client: (port: number) => Promise<unknown>): Promise<{ result: unknown; answer: unknown }> {
  const read = Promise.withResolvers<unknown>();
  const port = await serve((request, response) => {
    const result = textOf(request).catch((error: unknown) => error);
    read.resolve(result);
    void result.then(() => response.end('answered'));
  });
  const answer = client(port);
  return { result: await read.promise, answer: await answer };
}

async function post(port: number, content: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: content, headers });
  return response.text();
}

describe('headers', () => {
  it.each<[string, WebhookSource['headers']]>([
    ['Headers', new Headers({ 'X-Pusher-Key': 'key' })],
    ['a record in lower case', { 'x-pusher-key': 'key' }],
    ['a record in any case', { 'X-PUSHER-Key': 'key' }],
    ['a record of lists', { 'x-pusher-key': ['key'] }],
    ['pairs', [['X-Pusher-Key', 'key']]],
    ['a map', new Map([['X-Pusher-Key', 'key']])],
  ])('are found by their names in any case, from %s', async (_what, headers) => {
    const { headers: read } = await readWebhook({ headers, rawBody: '' });
    expect([read.get('x-pusher-key'), read.get('X-Pusher-Key'), read.get('x-other')]).toEqual(['key', 'key', null]);
  });

  it('that came several times are joined, and those that are no texts are left out', async () => {
    const { headers } = await readWebhook({
      headers: { a: ['1', '2'], b: undefined, c: 3 as never },
      rawBody: '',
    });
    expect(['a', 'b', 'c'].map((name) => headers.get(name))).toEqual(['1, 2', null, null]);
  });
});

describe('a body', () => {
  it.each<[string, string | Uint8Array]>([
    ['a text', body],
    ['bytes', Buffer.from(body)],
    ['a part of a buffer', new Uint8Array(Buffer.from(`[[${body}]]`)).subarray(2, -2)],
    ['an ArrayBuffer', new Uint8Array(Buffer.from(body)).buffer as never],
  ])('is read from %s as rawBody', async (_what, rawBody) => {
    expect(await textOf({ headers: {}, rawBody })).toBe(body);
  });

  it('is read from a web Request, to the byte', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { rawBody } = await readWebhook(webRequest(new Blob([bytes]).stream()));
    expect(Uint8Array.from(rawBody)).toEqual(bytes);
    expect(await textOf(webRequest(body))).toBe(body);
    expect(await textOf(new Request('http://127.0.0.1/'))).toBe('');
  });

  it('is read from a request of node:http', async () => {
    const { result } = await readOnServer((port) => post(port, body));
    expect(result).toBe(body);
  });

  it('is read from a request of node:http whose stream was told its encoding', async () => {
    const read = Promise.withResolvers<string>();
    const port = await serve((request, response) => {
      request.setEncoding('utf8');
      read.resolve(textOf(request));
      response.end();
    });
    await post(port, body);
    expect(await read.promise).toBe(body);
  });

  it('is read from a request of node:http that was paused until someone would read it', async () => {
    const read = Promise.withResolvers<unknown>();
    const port = await serve((request, response) => {
      request.pause();
      read.resolve(textOf(request));
      response.end();
    });
    await post(port, body);
    expect(await read.promise).toBe(body);
  });

  it.each<[string, (request: object) => object]>([
    ['rawBody as bytes', (request) => Object.assign(request, { rawBody: Buffer.from(body), body: { text: 1 } })],
    ['rawBody as a text', (request) => Object.assign(request, { rawBody: body })],
  ])('is taken from what a framework left of it: %s', async (_what, change) => {
    const { result } = await readOnServer((port) => post(port, body));
    expect(result).toBe(body);
    expect(await textOf(change({ headers: {}, on: () => undefined, readableEnded: true }) as WebhookSource)).toBe(body);
  });
});

describe('with Express, a body', () => {
  async function readBehind(...parsers: readonly express.RequestHandler[]): Promise<unknown> {
    const read = Promise.withResolvers<unknown>();
    const app = express();
    for (const parser of parsers) app.use(parser);
    app.post('/', (request, response) => {
      read.resolve(textOf(request).catch((error: unknown) => error));
      response.end();
    });
    await post(await serve(app), body, { 'content-type': 'application/json; charset=utf-8' });
    return read.promise;
  }

  it.each<[string, readonly express.RequestHandler[]]>([
    ['no parser', []],
    ['express.raw()', [express.raw({ type: '*/*' })]],
    ['express.text()', [express.text({ type: '*/*' })]],
    ['express.json() for another type', [express.json({ type: 'application/other' })]],
    [
      'express.json() that keeps the raw body',
      [express.json({ verify: (request, _response, rawBody) => void Object.assign(request, { rawBody }) })],
    ],
  ])('is read behind %s', async (_what, parsers) => {
    expect(await readBehind(...parsers)).toBe(body);
  });

  it('that express.json() has parsed is refused, with what to do', async () => {
    const failure = await failureOf(ValidationError, async () => {
      throw await readBehind(express.json());
    });
    expect(failure.message).toContain("put the webhook's route before express.json()");
    expect(failure.message).toContain('express.json({ verify:');
  });
});

describe('a body that was read already is refused', () => {
  it('in a web Request', async () => {
    const request = webRequest(body);
    await request.text();
    const failure = await failureOf(ValidationError, readWebhook(request));
    expect(failure.message).toMatch(/^The body of this Request has been read already: .*\{ headers, rawBody \}/);
  });

  it('in a web Request that someone else is reading', async () => {
    const request = webRequest(body);
    const reader = request.body?.getReader();
    const failure = await failureOf(ValidationError, readWebhook(request));
    expect(failure.message).toMatch(/^The body of this Request has been read already: /);
    expect(await reader?.read()).toMatchObject({ done: false });
  });

  it('in a request of node:http', async () => {
    const read = Promise.withResolvers<unknown>();
    const port = await serve(async (request, response) => {
      for await (const _chunk of request);
      read.resolve(readWebhook(request).catch((error: unknown) => error));
      response.end();
    });
    await post(port, body);
    expect(await read.promise).toBeInstanceOf(ValidationError);
    expect(String(await read.promise)).toContain('has been read already');
  });
});

describe('a body that is too large', () => {
  it('ends the reading of a web stream, and the stream', async () => {
    let pulled = 0;
    let isCancelled = false;
    const stream = new ReadableStream({
      pull: (controller) => {
        pulled++;
        controller.enqueue(chunk);
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const failure = await failureOf(ValidationError, readWebhook(webRequest(stream)));
    expect(failure.message).toMatch(/^The webhook's body is over 1048576 bytes\. /);
    await expect.poll(() => isCancelled).toBe(true);
    expect(pulled).toBeLessThan((2 * bodyRules.maxBytes) / chunk.length);
  });

  it('is read no further on a server, whose client gets its answer', async () => {
    const { result, answer } = await readOnServer((port) => post(port, new Uint8Array(3 * bodyRules.maxBytes)));
    expect(result).toBeInstanceOf(ValidationError);
    expect(answer).toBe('answered');
  });

  it('begins after the largest that is taken', async () => {
    const largest = 'x'.repeat(bodyRules.maxBytes);
    expect(await textOf(webRequest(largest))).toBe(largest);
    await failureOf(ValidationError, readWebhook(webRequest(`${largest}x`)));
  });
});

describe('a body that stalls', () => {
  it('ends in time, from a web stream', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let isCancelled = false;
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(chunk),
      cancel: () => {
        isCancelled = true;
      },
    });
    const failed = failureOf(TimeoutError, readWebhook(webRequest(stream)));
    await vi.advanceTimersByTimeAsync(bodyRules.timeoutMs);
    const { message, outcome } = await failed;
    expect([message, outcome]).toEqual(["The webhook's body did not arrive within 10000 ms.", 'rejected']);
    expect(isCancelled).toBe(true);
  });

  it('ends in time, on a server', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const got = Promise.withResolvers<IncomingMessage>();
    const port = await serve((request) => got.resolve(request));
    await bareClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const failed = failureOf(TimeoutError, readWebhook(await got.promise));
    await vi.advanceTimersByTimeAsync(bodyRules.timeoutMs);
    await failed;
  });
});

describe('a body that is cut short', () => {
  it('is refused, on a server', async () => {
    const got = Promise.withResolvers<IncomingMessage>();
    const port = await serve((request) => got.resolve(request));
    const client = await bareClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const failed = failureOf(ValidationError, readWebhook(await got.promise));
    client.destroy();
    expect((await failed).message).toBe("The webhook's body ended too early: the connection was lost.");
  });

  it('is refused, also when nobody says why it ended', async () => {
    const got = Promise.withResolvers<IncomingMessage>();
    const port = await serve((request) => got.resolve(request));
    await bareClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const request = await got.promise;
    request.emit = function emit(this: IncomingMessage, event: string, ...args: unknown[]): boolean {
      return event !== 'error' && Reflect.apply(IncomingMessageClass.prototype.emit, this, [event, ...args]);
    } as IncomingMessage['emit'];
    const failed = failureOf(ValidationError, readWebhook(request));
    request.destroy();
    expect((await failed).message).toContain('ended too early');
  });

  it('is refused when that was before it is read', async () => {
    const got = Promise.withResolvers<IncomingMessage>();
    const port = await serve((request) => got.resolve(request));
    const client = await bareClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const request = await got.promise;
    client.destroy();
    await expect.poll(() => request.destroyed).toBe(true);
    expect((await failureOf(ValidationError, readWebhook(request))).message).toContain('ended too early');
  });

  it('is refused, from a web stream', async () => {
    const stream = new ReadableStream({ pull: (controller) => controller.error(new Error('lost')) });
    const failure = await failureOf(ValidationError, readWebhook(webRequest(stream)));
    expect([failure.message, String(failure.cause)]).toEqual([
      "The webhook's body ended too early: the connection was lost.",
      'Error: lost',
    ]);
  });
});

const strange = fc.anything({ withNullPrototype: true, withTypedArray: true, withMap: true, withDate: true });

it('whatever is passed, what comes of it is a webhook or a PushError', async () => {
  const sources = fc.oneof(
    strange,
    fc.record({ headers: strange, rawBody: strange }, { requiredKeys: [] }),
    fc.record({ headers: strange, body: strange, bodyUsed: strange }),
    fc.record({ headers: strange, on: fc.constant(() => undefined), body: strange, destroyed: fc.constant(true) }),
  );
  await fc.assert(
    fc.asyncProperty(sources, async (source) => {
      try {
        const { headers, rawBody } = await readWebhook(source as WebhookSource);
        expect(headers.get('x')).toSatisfy((value) => value === null || typeof value === 'string');
        expect(rawBody).toBeInstanceOf(Uint8Array);
      } catch (error) {
        expect(PushError.isPushError(error), String(error)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

it('an object that throws when it is looked at is refused', async () => {
  const source = {
    get headers(): never {
      throw new Error('no');
    },
    rawBody: '',
  };
  expect((await failureOf(ValidationError, readWebhook(source))).message).toBe('The webhook could not be read.');
});

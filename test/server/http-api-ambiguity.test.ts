import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { requestText, sign } from '../../src/pusher-protocol/signature.js';
import { checkSignature } from '../../src/server/http-api/request-signature.js';
import { Client } from './support/client.js';
import { credentials, portOf, startServer } from './support/server.js';

const auth = (): string => `auth_key=key&auth_timestamp=${Math.floor(Date.now() / 1000)}&auth_version=1.0`;

/** A request whose signed text and sent address are written by hand, so that they may differ. */
interface Written {
  readonly method?: string;
  /** The path and the query that are signed. `AUTH` stands for the parameters of authentication. */
  readonly signed: string;
  /** The path and the query that are sent. */
  readonly sent: string;
}

async function send(
  service: WebSocketService,
  { method = 'GET', signed, sent }: Written,
): Promise<{ status: number | undefined; answer: string }> {
  const parameters = auth();
  const [path = '', ...rest] = signed.replace('AUTH', parameters).split('?');
  const query = rest.join('?');
  const signature = sign(`${method}\n${path}\n${query}`, credentials.secretKey);
  const address = `${sent.replace('AUTH', parameters)}&auth_signature=${signature}`;
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port: portOf(service), method, path: address }, resolve)
      .on('error', reject)
      .end();
  });
  return { status: response.statusCode, answer: await text(response) };
}

const channels = '/apps/app/channels';
const events = '/apps/app/events';

describe('a signature fits one request', () => {
  it('a name in another case has the same meaning', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    for (const channel of ['orders', 'parcels']) await client.subscribe(channel);
    for (const name of ['filter_by_prefix', 'Filter_By_Prefix', 'FILTER_BY_PREFIX']) {
      const { status, answer } = await send(service, {
        signed: `${channels}?AUTH&filter_by_prefix=ord`,
        sent: `${channels}?AUTH&${name}=ord`,
      });
      expect([status, JSON.parse(answer)]).toEqual([200, { channels: { orders: {} } }]);
    }
  });

  it.each<[string, Written]>([
    [
      'a value that is split at its "&"',
      {
        method: 'POST',
        signed: `${events}?AUTH&channel=a&data=x&info=subscription_count&name=x`,
        sent: `${events}?AUTH&channel=a&data=x%26info=subscription_count&name=x`,
      },
    ],
    [
      'a name that begins with a "?", which reading drops',
      { signed: `${channels}??filter_by_prefix=a&AUTH`, sent: `${channels}??filter_by_prefix=a&AUTH` },
    ],
    [
      'a name that holds a "="',
      { signed: `${channels}?AUTH&filter_by_prefix=a=b`, sent: `${channels}?AUTH&filter_by_prefix%3Da=b` },
    ],
    [
      'a value that was signed as it was encoded, and is encoded again',
      { signed: `${channels}?AUTH&filter_by_prefix=a%3Db`, sent: `${channels}?AUTH&filter_by_prefix=a%253Db` },
    ],
    [
      'a plus sign, which is a space where it is not encoded',
      { signed: `${channels}?AUTH&filter_by_prefix=a+b`, sent: `${channels}?AUTH&filter_by_prefix=a+b` },
    ],
    [
      'a path that was signed as it was encoded, and is encoded again',
      {
        method: 'POST',
        signed: '/apps/app/users/a%20b/terminate_connections?AUTH',
        sent: '/apps/app/users/a%2520b/terminate_connections?AUTH',
      },
    ],
    ['a path with the line break that ends it', { signed: `${channels}/a\nb?AUTH`, sent: `${channels}/a%0Ab?AUTH` }],
  ])('%s is refused', async (_what, written) => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    expect(await send(service, written)).toEqual({
      status: 400,
      answer: expect.stringMatching(/same signature.*in the body/),
    });
    expect(await client.settled()).toEqual([]);
  });

  it.each(['info', 'Info'])('a parameter that comes twice is refused, the second time as %s', async (second) => {
    const service = await startServer();
    const query = `AUTH&info=subscription_count&${second}=user_count`;
    expect(
      await send(service, { signed: `${channels}?${query.replace('Info', 'info')}`, sent: `${channels}?${query}` }),
    ).toEqual({ status: 400, answer: expect.stringContaining('"info" comes more than once') });
  });

  it('however a signed text is encoded again, it says the same or is refused', () => {
    const target = { method: 'GET', path: '/p' };
    const read = (query: string, signature: string): readonly [string, string][] | undefined => {
      try {
        const signed = { ...target, query: `${query}&auth_signature=${signature}` };
        const pairs = [...checkSignature(signed, credentials)].filter(([name]) => name !== 'auth_signature');
        return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      } catch {
        return undefined;
      }
    };
    const characters = fc.constantFrom('c', 'C', 'd', '=', '&', '%', '2', '6', '5', '+', ' ');
    let taken = 0;
    void fc.assert(
      fc.property(
        fc.array(characters, { maxLength: 12 }).map((all) => all.join('')),
        fc.infiniteStream(fc.boolean()),
        fc.infiniteStream(fc.boolean()),
        (value, ...ways) => {
          const start = `${auth()}&c=`;
          const signature = sign(`GET\n/p\n${start}${value}`, credentials.secretKey);
          const readings = [value, ...ways.map((way) => encodedAtRandom(value, way))]
            .map((sent) => read(start + sent, signature))
            .filter((reading) => reading !== undefined);
          taken += readings.length;
          for (const reading of readings) expect(reading).toEqual(readings[0]);
        },
      ),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(1000);
  });

  function encodedAtRandom(text: string, way: fc.Stream<boolean>): string {
    return [...text]
      .map((character) => {
        const isEncoded = way.next().value === true;
        return isEncoded ? `%${character.charCodeAt(0).toString(16)}` : character.replace(' ', '%20');
      })
      .join('');
  }
});

describe('a signature is taken wherever it stands', () => {
  const parameters = `${auth()}&filter_by_prefix=a`;
  const signature = `auth_signature=${sign(`GET\n/p\n${parameters}`, credentials.secretKey)}`;
  const check = (query: string): string | null =>
    checkSignature({ method: 'GET', path: '/p', query }, credentials).get('filter_by_prefix');

  it.each([
    ['at the end', `${parameters}&${signature}`],
    ['at the start', `${signature}&${parameters}`],
    ['in between', parameters.replace('&filter', `&${signature}&filter`)],
  ])('%s', (_where, query) => {
    expect(check(query)).toBe('a');
  });

  it('but not twice, under another name, or with more behind it', () => {
    expect(() => check(`${parameters}&${signature}&${signature}`)).toThrow('"auth_signature" comes more than once');
    expect(() => check(`${parameters}&${signature.toUpperCase()}`)).toThrow('auth_signature is wrong');
    expect(() => check(`${parameters}&${signature.replace('auth', 'Auth')}`)).toThrow('auth_signature is wrong');
    expect(() => check(`${parameters}&${signature}&more=1`)).toThrow('auth_signature is wrong');
  });
});

describe('what the server libraries send is taken', () => {
  const name = 'presence-a_b=c@d,e.f;g-1';
  const encoded = encodeURIComponent(name);

  it.each<[string, Written]>([
    [
      'Node, Python, PHP, Go and .NET: signed and sent as it is',
      {
        signed: `${channels}?AUTH&filter_by_prefix=${name}&info=user_count,subscription_count`,
        sent: `${channels}?AUTH&filter_by_prefix=${name}&info=user_count,subscription_count`,
      },
    ],
    [
      'Ruby and Java: signed as it is, and sent encoded',
      {
        signed: `${channels}?AUTH&filter_by_prefix=${name}&info=user_count,subscription_count`,
        sent: `${channels}?AUTH&filter_by_prefix=${encoded}&info=user_count%2Csubscription_count`,
      },
    ],
    [
      'signed and sent encoded',
      {
        signed: `${channels}?AUTH&filter_by_prefix=${encoded}&info=user_count%2Csubscription_count`,
        sent: `${channels}?AUTH&filter_by_prefix=${encoded}&info=user_count%2Csubscription_count`,
      },
    ],
    [
      'a path that is signed encoded, with a query that is signed as it is',
      {
        signed: `${channels}/${encoded}?AUTH&info=user_count,subscription_count`,
        sent: `${channels}/${encoded}?AUTH&info=user_count%2Csubscription_count`,
      },
    ],
    [
      'a path that is signed as it is, and sent encoded',
      { signed: `${channels}/${name}/users?AUTH`, sent: `${channels}/${encoded}/users?AUTH` },
    ],
    ['Python: the MD5 of the empty body of a GET', { signed: withEmptyMd5(), sent: withEmptyMd5() }],
    [
      'a user id with a space, which the HTTP client encodes',
      {
        method: 'POST',
        signed: '/apps/app/users/a b 100%/terminate_connections?AUTH',
        sent: '/apps/app/users/a%20b%20100%25/terminate_connections?AUTH',
      },
    ],
    [
      'a user id with a slash',
      {
        method: 'POST',
        signed: '/apps/app/users/a/b/terminate_connections?AUTH',
        sent: '/apps/app/users/a%2Fb/terminate_connections?AUTH',
      },
    ],
    [
      'an event in the query, with "&" and "+" in its data',
      {
        method: 'POST',
        signed: `${events}?AUTH&channels[]=a&channels[]=b&data=1 + 1 & more&name=x`,
        sent: `${events}?AUTH&channels[]=a&channels[]=b&data=1+%2B+1+%26+more&name=x`,
      },
    ],
    [
      "the documents' own example of a name with a capital",
      { signed: `${channels}?AUTH&name=Something else`, sent: `${channels}?AUTH&Name=Something%20else` },
    ],
  ])('%s', async (_what, written) => {
    const service = await startServer();
    expect(await send(service, written)).toMatchObject({ status: 200 });
  });

  function withEmptyMd5(): string {
    return `${channels}?AUTH&body_md5=d41d8cd98f00b204e9800998ecf8427e`;
  }
});

it('the text that is signed is the one that the documents describe', () => {
  expect(requestText('GET', '/p', new URLSearchParams('auth_key=foo&Name=Something%20else'))).toBe(
    'GET\n/p\nauth_key=foo&name=Something else',
  );
});

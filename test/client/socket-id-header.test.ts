import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSocketId, socketIdFetch } from '../../src/client/index.js';

let server: Server;
let origin: string;
/** The header of each request that came in. */
let headers: (string | string[] | undefined)[];

beforeEach(async () => {
  headers = [];
  server = createServer((request, response) => {
    headers.push(request.headers['x-socket-id']);
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const client = { socketId: '1.2' };

describe('socketIdFetch', () => {
  it('adds the socket id to requests to the origins that are listed, in whatever form they come', async () => {
    const send = socketIdFetch(client, { origins: [`${origin}/any/path`] });
    await send(`${origin}/a`);
    await send(new URL('/b', origin), { method: 'POST', body: 'x', headers: { accept: 'text/plain' } });
    const response = await send(new Request(`${origin}/c`, { headers: { 'x-other': '1' } }));
    expect([await response.text(), headers]).toEqual(['ok', ['1.2', '1.2', '1.2']]);
  });

  it('adds nothing elsewhere, while there is no connection, or where the header is set', async () => {
    await socketIdFetch(client)(origin);
    await socketIdFetch(client, { origins: ['http://127.0.0.1:1'] })(origin);
    await socketIdFetch({ socketId: undefined }, { origins: [origin] })(origin);
    await socketIdFetch(client, { origins: [origin] })(origin, { headers: { 'x-socket-id': '9.9' } });
    expect(headers).toEqual([undefined, undefined, undefined, '9.9']);
  });

  it('takes the socket id of the moment, and the fetch that it is given', async () => {
    const changing: { socketId: string | undefined } = { socketId: '1.2' };
    const asked: unknown[] = [];
    const send = socketIdFetch(changing, {
      origins: [origin],
      fetch: (input, init) => {
        asked.push(input);
        return fetch(input, init);
      },
    });
    await send(origin);
    changing.socketId = '3.4';
    await send(origin);
    expect([headers, asked]).toEqual([
      ['1.2', '3.4'],
      [origin, origin],
    ]);
  });

  it('leaves it to fetch to refuse what is no address', async () => {
    await expect(socketIdFetch(client)('/relative')).rejects.toThrow(/URL/);
  });
});

describe('addSocketId', () => {
  it('adds the socket id to the requests of axios, until it is taken out', async () => {
    const http = axios.create({ baseURL: origin });
    const remove = addSocketId(http, client, { origins: [origin] });
    await http.get('/a');
    await http.post('/b', { x: 1 }, { headers: { 'X-Socket-ID': '9.9' } });
    remove();
    await http.get('/c');
    expect(headers).toEqual(['1.2', '9.9', undefined]);
  });

  it('adds nothing elsewhere and while there is no connection', async () => {
    const http = axios.create();
    addSocketId(http, client);
    addSocketId(http, { socketId: undefined }, { origins: [origin] });
    await http.get(origin);
    expect(headers).toEqual([undefined]);
  });
});

import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useApplication, useBrowser } from './setup.js';

const running = useApplication();
const browser = useBrowser();

/** A page of a browser profile, signed in as the user and subscribed to the session's channel. */
async function open(user: string, context?: BrowserContext, path = 'script.html'): Promise<Page> {
  const page = await (context ?? (await browser().newContext())).newPage();
  await page.goto(`${running().origin}/${path}?user=${user}`);
  await page.waitForFunction('globalThis.record?.subscribed.length > 0');
  return page;
}

async function isOccupied(channel: string): Promise<boolean> {
  return (await running().service.channel(channel).info()).occupied;
}

describe('a channel handle in a browser', { timeout: 30_000 }, () => {
  it('leaves the channel with its last listener, so that the server knows it empty', async () => {
    const page = await open('ada');
    await page.evaluate(`
      const [first, second] = [client.channel('news'), client.channel('news')];
      globalThis.heard = [];
      globalThis.removers = [first.bind('posted', (data) => heard.push(data)), second.bindAll((data) => heard.push(data))];
    `);
    await expect.poll(() => isOccupied('news')).toBe(true);
    await running().service.channel('news').trigger('posted', 1);
    await page.waitForFunction('heard.length === 2');
    await page.evaluate('removers[0]()');
    await running().service.channel('news').trigger('posted', 2);
    await page.waitForFunction('heard.length === 3');
    await page.evaluate('removers[1]()');
    await expect.poll(() => isOccupied('news')).toBe(false);
    expect(await page.evaluate("client.channel('news').isSubscribed")).toBe(false);
  });

  it('tells other pages what its own sends, and who is there', async () => {
    const [ada, bob] = [await open('ada'), await open('bob')];
    await ada.evaluate(`
      globalThis.typing = [];
      globalThis.room = client.channel('presence-room');
      room.bind('client-typing', (data, { userId }) => typing.push([userId, data]));
    `);
    await ada.waitForFunction('room.isSubscribed');
    await bob.evaluate(`
      globalThis.room = client.channel('presence-room');
      room.onSubscribed(() => room.trigger('client-typing', { isTyping: true }));
    `);
    await ada.waitForFunction('typing.length === 1');
    expect(await ada.evaluate('typing')).toEqual([['bob', { isTyping: true }]]);
    expect(await ada.evaluate('[...room.members]')).toEqual([
      ['ada', { name: 'ada' }],
      ['bob', { name: 'bob' }],
    ]);
    await bob.close();
    await ada.waitForFunction("!room.members.has('bob')");
  });
});

describe('authorisation in a browser', { timeout: 30_000 }, () => {
  it('goes by asynchronous functions, and a refusal is told with its status', async () => {
    const page = await open('ada');
    await page.evaluate(`
      globalThis.token = "ada's";
      globalThis.guarded = (async () => {
        const config = await (await fetch('/login?user=ada', { method: 'POST' })).json();
        const guarded = new PushClient(config, {
          auth: {
            endpoint: async ({ channels }) => '/push/auth?first=' + channels[0],
            headers: async () => ({ authorization: 'Bearer ' + token }),
          },
        });
        guarded.onSubscribed(({ channel }) => record.subscribed.push(channel));
        guarded.onError(({ code, channel, status, message }) => record.errors.push({ code, channel, status, message }));
        guarded.connect();
        return guarded;
      })();
    `);
    await page.evaluate(
      "guarded.then((client) => { client.subscribe('private-guarded'); client.subscribe('presence-guarded') })",
    );
    await page.waitForFunction(
      "record.subscribed.includes('private-guarded') && record.subscribed.includes('presence-guarded')",
    );
    await page.evaluate("token = 'stolen', guarded.then((client) => client.subscribe('private-guarded-too'))");
    await page.waitForFunction('record.errors.length > 0');
    expect(await page.evaluate('record.errors')).toEqual([
      {
        code: 'SUBSCRIPTION',
        channel: 'private-guarded-too',
        status: 403,
        message: 'The subscription to "private-guarded-too" was refused: /push/auth answered 403',
      },
    ]);
    await page.evaluate(`token = "ada's", guarded.then((client) => client.subscribe('private-guarded-too'))`);
    await page.waitForFunction("record.subscribed.includes('private-guarded-too')");
  });
});

describe('requests with the socket id', { timeout: 30_000 }, () => {
  it('keep what a page causes from it, by fetch and by axios, and from no other', async () => {
    const [ada, bob] = [await open('ada', undefined, 'module.html'), await open('bob')];
    for (const page of [ada, bob]) {
      await page.evaluate("client.subscribe('news')");
      await page.waitForFunction("record.subscribed.includes('news')");
    }
    await ada.addScriptTag({ url: '/axios.min.js' });
    const socketId = await ada.evaluate('client.socketId');
    const answers = await ada.evaluate(`(async () => {
      const { addSocketId, socketIdFetch } = await import('/dist/client/index.js');
      const byFetch = await (await socketIdFetch(client)('/say', { method: 'POST', body: 'one' })).json();
      const remove = addSocketId(axios, client);
      const byAxios = (await axios.post('/say', 'two')).data;
      remove();
      const without = (await axios.post('/say', 'three')).data;
      return [byFetch, byAxios, without];
    })()`);
    expect(answers).toEqual([{ socketId }, { socketId }, {}]);
    await bob.waitForFunction('record.messages.length === 3');
    await ada.waitForFunction('record.messages.length === 1');
    expect(await ada.evaluate('record.messages[0].data')).toBe('three');
  });

  it('are those that really go to the page’s origin, whatever the base of the page and the window that a request is from', async () => {
    const page = await open('ada', undefined, 'module.html');
    const elsewhere = 'http://localhost:1/';
    const headers: (string | undefined)[] = [];
    await page.route(`${elsewhere}**`, async (route) => {
      headers.push((await route.request().allHeaders())['x-socket-id']);
      await route.fulfill({ headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' } });
    });
    await page.addScriptTag({ url: '/axios.min.js' });
    const own = await page.evaluate(`(async () => {
      const { addSocketId, socketIdFetch } = await import('/dist/client/index.js');
      const send = socketIdFetch(client);
      addSocketId(axios, client);
      const { Request } = document.body.appendChild(document.createElement('iframe')).contentWindow;
      await send(new Request('${elsewhere}request', { headers: { accept: 'text/plain' } }));
      const answer = await send(new Request(location.origin + '/say', { method: 'POST', body: 'one' }));
      document.head.append(Object.assign(document.createElement('base'), { href: '${elsewhere}' }));
      await send('fetch');
      await axios.get('axios');
      return (await answer.json()).socketId === client.socketId;
    })()`);
    expect([own, headers]).toEqual([true, [undefined, undefined, undefined]]);
  });
});

describe('two tabs of one browser', { timeout: 30_000 }, () => {
  it('work side by side: each hears each message, they are one member, and either can go', async () => {
    const context = await browser().newContext();
    const [first, second] = [await open('ada', context), await open('ada', context)];
    for (const page of [first, second]) {
      await page.evaluate(`
        globalThis.heard = [];
        globalThis.room = client.channel('presence-room');
        room.bindAll((data) => heard.push(data));
      `);
      await page.waitForFunction('room.isSubscribed');
    }
    await first.waitForFunction('room.members.size === 1');
    await running().service.send({ event: 'greeted', users: ['ada'], data: 1 });
    for (const page of [first, second]) await page.waitForFunction('record.messages.length === 1');

    const except = await first.evaluate<string>('client.socketId');
    await running().service.channel('presence-room').trigger('posted', 'not to the first', { except });
    await second.evaluate("room.trigger('client-typing', 'from the second')");
    await first.waitForFunction('heard.length === 1');
    await second.waitForFunction('heard.length === 1');
    expect([await first.evaluate('heard'), await second.evaluate('heard')]).toEqual([
      ['from the second'],
      ['not to the first'],
    ]);

    await second.close();
    await running().service.channel('presence-room').trigger('posted', 'last');
    await first.waitForFunction('heard.length === 2');
    expect(await first.evaluate('[...room.members.keys()]')).toEqual(['ada']);
    expect((await running().service.channel('presence-room').info()).userCount).toBe(1);
  });
});

import { PushClient } from 'pushrail/client';
import { usePresence, usePushError, usePushEvent, usePushState } from 'pushrail/client/react';
import { createElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const heard = [];

function News({ client, channel, mark }) {
  usePushEvent(client, 'posted', (data) => heard.push([mark, data]), { channel });
  return `Reads ${channel} as ${mark}`;
}

function Everything({ client }) {
  usePushEvent(client, 'posted', (data, message) => heard.push([message.channel, data]));
  return 'Reads everything';
}

function Room({ client, channel }) {
  return `Here: ${[...usePresence(client, channel).keys()].sort().join(', ')}`;
}

function Refusal({ client, channel }) {
  return `Error: ${usePushError(client, channel)?.status}`;
}

function Application() {
  const [shown, setShown] = useState({});
  const { client, channel, mark, room, asked, hasEverything } = shown;
  globalThis.show = (changes) => setShown((before) => ({ ...before, ...changes }));
  return [
    createElement('p', { key: 'state', id: 'state' }, usePushState(client)),
    channel && createElement(News, { key: 'news', client, channel, mark }),
    room && createElement('p', { key: 'room', id: 'room' }, createElement(Room, { client, channel: room })),
    asked && createElement('p', { key: 'asked', id: 'asked' }, createElement(Refusal, { client, channel: asked })),
    hasEverything && createElement(Everything, { key: 'everything', client }),
  ];
}

createRoot(document.body).render(createElement(StrictMode, undefined, createElement(Application)));
Object.assign(globalThis, { heard, PushClient });

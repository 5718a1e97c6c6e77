// The bar above the chat room: the nodes, which of them has this page, and a button that kills one.
import { chat } from './chat.js';

const { client } = await chat;
const page = Math.random().toString(36).slice(2);
const words = { up: 'up', starting: 'starting …', gone: 'down' };
let mine;
let nodes = [];

// Which node has this page: it asks whenever it is connected anew.
const answers = client.channel(`page-${page}`);
answers.bind('node', ({ number }) => {
  mine = number;
  show();
});
answers.onSubscribed(() => post('where', { socketId: client.socketId, page }));
client.onStateChange((state) => {
  if (state !== 'connected') mine = undefined;
  show();
});

client.channel('cache-nodes').bind('nodes', (message) => {
  nodes = message.nodes;
  show();
});

function show() {
  document.getElementById('cluster').hidden = false;
  document.getElementById('mine').textContent = mine ? `This page is on node ${mine}.` : 'This page connects …';
  document.getElementById('nodes').replaceChildren(
    ...nodes.map(({ number, state, pages }) => {
      const item = document.createElement('li');
      item.className = number === mine ? `${state} mine` : state;
      const name = item.appendChild(document.createElement('b'));
      name.textContent = `Node ${number}`;
      const figures = item.appendChild(document.createElement('span'));
      figures.textContent = state === 'up' ? `${pages} ${pages === 1 ? 'page' : 'pages'}` : words[state];
      const button = item.appendChild(document.createElement('button'));
      button.type = 'button';
      button.textContent = 'Kill';
      button.setAttribute('aria-label', `Kill node ${number}`);
      button.disabled = state !== 'up';
      button.addEventListener('click', () => post(`nodes/${number}/kill`));
      return item;
    }),
  );
}

/** The node that is asked may be the one that is killed, and then says nothing. */
function post(path, body = {}) {
  const headers = { 'content-type': 'application/json' };
  return fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => {});
}

show();

/* global PushClient -- from pushrail-client.min.js */
const byId = (id) => document.getElementById(id);
const post = (path, body, client) =>
  fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(client?.socketId && { 'x-socket-id': client.socketId }) },
    body: JSON.stringify(body ?? {}),
  });

/** Resolves with `client` when this page is in the room, for what another page adds to it. */
const entered = Promise.withResolvers();
export const chat = entered.promise;

byId('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const response = await post('login', { name: new FormData(event.target).get('name') });
  const answer = await response.json();
  if (!response.ok) {
    event.target.querySelector('[role=alert]').textContent = answer.error;
    return;
  }
  enter(answer.user, answer.config);
});

// Whoever came in before, and has loaded the page anew, is still in.
const { user, config } = await (await fetch('me')).json();
if (user) enter(user, config);
else byId('login').hidden = false;

function enter(me, config) {
  byId('login').hidden = true;
  byId('room').hidden = false;
  const client = new PushClient(config);
  const room = client.channel('presence-chat');
  let recipient;

  // The room's messages and those to me alone come in alike.
  client.bind('message', show);
  // A connection that is lost comes back by itself; see below.
  client.onError(({ message, code, isTemporary }) => {
    if (code !== 'CONNECTION' || !isTemporary) note(message);
  });
  let lostAt;
  client.onStateChange((state, previous) => {
    document.body.dataset.state = state;
    if (previous === 'connected') lostAt = performance.now();
  });
  // What is sent while a page is away, it does not get.
  room.onSubscribed(({ isResubscription }) => {
    if (!isResubscription) return;
    const seconds = ((performance.now() - lostAt) / 1000).toFixed(1);
    note(`The connection was lost for ${seconds} s. What others wrote in that time is missing here.`);
  });

  // Who is here
  room.onMembersChange((members) => {
    if (!members.has(recipient?.id)) writeTo(undefined);
    const list = [...members].sort(([a], [b]) => a.localeCompare(b));
    byId('members').replaceChildren(
      ...list.map(([id, { name }]) => {
        const item = document.createElement('li');
        const button = item.appendChild(document.createElement('button'));
        button.type = 'button';
        button.textContent = id === me.id ? `${name} (you)` : name;
        button.disabled = id === me.id;
        button.addEventListener('click', () => writeTo({ id, name }));
        return item;
      }),
    );
  });

  // Who is typing: events from page to page, past the server
  let typedAt = 0;
  let forgetting;
  byId('composer').elements.text.addEventListener('input', () => {
    if (recipient !== undefined || Date.now() - typedAt < 1000) return;
    if (room.trigger('client-typing')) typedAt = Date.now();
  });
  room.bind('client-typing', (_data, { userId }) => {
    byId('typing').textContent = `${room.members.get(userId)?.name ?? 'Someone'} is typing …`;
    clearTimeout(forgetting);
    forgetting = setTimeout(() => byId('typing').replaceChildren(), 3000);
  });

  byId('composer').addEventListener('submit', async (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    const text = field.value;
    const to = recipient;
    field.value = '';
    typedAt = 0;
    // A request that breaks has no answer.
    const response = await post('messages', { text, ...(to && { to: to.id }) }, client).catch(() => Response.error());
    if (response.ok) show({ from: { name: to ? `You to ${to.name}` : 'You' }, text, isPrivate: to !== undefined });
    else note(response.status === 404 ? `${to.name} is not here any more.` : 'The message was not sent.');
  });

  byId('logout').addEventListener('click', async () => {
    client.disconnect();
    await post('logout');
    location.reload();
  });

  function writeTo(user) {
    recipient = user;
    byId('recipient').textContent = user ? `To ${user.name} ✕` : '';
    byId('composer').elements.text.placeholder = user ? `Write to ${user.name} alone` : 'Write to everyone';
  }
  byId('recipient').addEventListener('click', () => writeTo(undefined));

  client.connect();
  entered.resolve({ client });
}

function show({ from, text, isPrivate }) {
  const item = document.createElement('li');
  item.classList.toggle('private', isPrivate);
  item.appendChild(document.createElement('b')).textContent = isPrivate ? `${from.name} (private)` : from.name;
  item.append(' ', text);
  add(item);
  byId('typing').replaceChildren();
}

function note(text) {
  const item = document.createElement('li');
  item.className = 'note';
  item.textContent = text;
  add(item);
}

function add(item) {
  byId('messages').append(item);
  item.scrollIntoView({ block: 'end' });
}

/* global PushClient -- from pushrail-client.min.js */
const post = (path, body) =>
  fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });

/** One of the two phones: a client of its own, as in a browser of its own. */
async function startPhone(user, name, other) {
  const phone = document.getElementById(user);
  phone.append(document.getElementById('phone').content.cloneNode(true));
  const [heading, toggle, pushes, closed, chat, messages, form] = [
    'h2',
    '.toggle',
    '.pushes',
    '.closed',
    '.chat',
    '.messages',
    'form',
  ].map((selector) => phone.querySelector(selector));
  heading.textContent = `${name}’s phone`;
  form.elements.text.placeholder = `Write to ${other}`;
  form.elements.text.ariaLabel = `${name} writes`;

  const { config, delay, unread } = await (await fetch(`users/${user}`)).json();
  document.getElementById('delay').textContent = delay;
  let isOpen = false;
  let unreadCount = 0;

  function show(from, text) {
    const item = document.createElement('li');
    item.classList.toggle('mine', from === name);
    item.textContent = text;
    messages.append(item);
    item.scrollIntoView({ block: 'nearest' });
  }

  function receive({ from, text }) {
    show(from, text);
    if (!isOpen) unreadCount++;
    describe();
    if (isOpen) void post(`users/${user}/read`);
  }

  function describe() {
    toggle.textContent = isOpen ? 'Close the chat' : 'Open the chat';
    toggle.ariaLabel = `${toggle.textContent} of ${name}`;
    chat.hidden = !isOpen;
    closed.hidden = isOpen;
    const count = unreadCount === 1 ? '1 unread message' : `${unreadCount} unread messages`;
    closed.textContent = unreadCount === 0 ? 'Nothing new.' : `${count} in the chat.`;
    closed.classList.toggle('new', unreadCount > 0);
  }

  toggle.addEventListener('click', () => {
    isOpen = !isOpen;
    if (isOpen) {
      unreadCount = 0;
      pushes.replaceChildren();
      void post(`users/${user}/read`);
    }
    describe();
  });

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { value } = form.elements.text;
    form.elements.text.value = '';
    const response = await post(`users/${user}/messages`, { text: value });
    if (response.ok) show(name, value);
  });

  const client = new PushClient(config);
  client.bind('message', receive);
  client.bind('reminder', ({ from, text }) => {
    const item = document.createElement('li');
    item.append(Object.assign(document.createElement('b'), { textContent: `${from} wrote to you` }), ` ${text}`);
    pushes.append(item);
  });
  for (const message of unread.toReversed()) receive(message);
  describe();
  client.connect();
  return { client, toggle };
}

const words = {
  recorded: ({ user, text }) => `“${text}”: a reminder for ${user} waits`,
  sent: ({ user, text }) => `“${text}”: ${user} was reminded`,
  skipped: ({ user, text, reason }) => `“${text}”: no reminder, because ${reasons[reason] ?? reason} (${user})`,
  failed: ({ text }) => `“${text}”: the reminder failed`,
  cancelled: ({ text }) => `“${text}”: the reminder was taken back`,
};
const reasons = { read: 'it was read in time', expired: 'it is too late' };

const { client, toggle } = await startPhone('ann', 'Ann', 'Ben');
await startPhone('ben', 'Ben', 'Ann');
client.channel('log').bind('happened', (data) => {
  const item = document.createElement('li');
  item.className = data.happened;
  item.textContent = `${new Date().toLocaleTimeString()} ${words[data.happened](data)}`;
  const log = document.getElementById('log');
  log.prepend(item);
});
// Ann is about to write.
toggle.click();

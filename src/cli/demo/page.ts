/**
 * The HTML of the demo's page.
 * @param users those who can sign in
 * @param commonChannel the channel that every page subscribes to
 */
export function demoPage(users: readonly string[], commonChannel: string): string {
  const signIn = users
    .map((user) => `<button type="button" data-user="${user}">${capitalised(user)}</button>`)
    .join('\n        ');
  const targets = [
    ...users.map((user) => `<option value="${user}">user ${capitalised(user)}</option>`),
    `<option value="${commonChannel}">channel ${commonChannel} (everyone)</option>`,
  ].join('\n            ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>pushrail demo</title>
    <link rel="icon" href="data:,">
    <style>${style}</style>
  </head>
  <body>
    <main>
      <h1>pushrail demo</h1>
      <p>What a server sends with <code>PushService.send()</code> arrives here. Open this page in a second window and sign in as someone else.</p>

      <section id="signed-out" aria-label="Sign in">
        <p>Sign in as</p>
        ${signIn}
      </section>

      <section id="signed-in" aria-label="Messages" hidden>
        <p id="who">You are <strong id="user"></strong>; the connection is <strong id="state">closed</strong>.
          <button type="button" id="sign-out">Sign out</button></p>
        <div>
        <h2>Send</h2>
        <form id="form">
          <label>To
            <select name="to">
            ${targets}
            </select>
          </label>
          <label>Text <input name="text" value="Hello" required maxlength="500" autocomplete="off"></label>
          <button type="submit">Send</button>
        </form>
        <p id="result" role="status"></p>
        <h2>Received</h2>
        <ol id="received" aria-live="polite"></ol>
        <p id="nothing">Nothing yet.</p>
        </div>
        <figure>
          <figcaption>What the page runs</figcaption>
          <pre tabindex="0">client.bind('demo.message',
  ({ text }) => show(text));</pre>
          <div id="sent" hidden>
            <figcaption>What the server ran for your click</figcaption>
            <pre id="code" tabindex="0"></pre>
            <figcaption>The <code>report</code> that came of it</figcaption>
            <pre id="report" tabindex="0"></pre>
          </div>
        </figure>
      </section>
    </main>
    <script src="/pusher.js"></script>
    <script src="/pushrail-client.js"></script>
    <script>${behaviour(commonChannel)}</script>
  </body>
</html>
`;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

const style = `
      :root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif; }
      body { margin: 0; }
      main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
      h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
      h2 { font-size: 1.1rem; margin: .5rem 0; }
      [hidden] { display: none !important; }
      #signed-in { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
      #signed-in > * { min-width: 0; }
      #who { grid-column: 1 / -1; margin: .5rem 0; }
      figure { margin: .6rem 0; }
      figcaption code { font-size: 1em; }
      figcaption { font-size: .85rem; color: GrayText; }
      pre { margin: .2rem 0 .8rem; padding: .7rem .8rem; overflow: auto; border-radius: .4rem; font: .8rem/1.45 ui-monospace, monospace; background: color-mix(in srgb, GrayText 14%, transparent); }
      button, input, select { font: inherit; padding: .4rem .8rem; border-radius: .4rem; border: 1px solid GrayText; }
      form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
      label { display: grid; gap: .2rem; flex: 1 1 12rem; }
      input, select { width: 100%; box-sizing: border-box; }
      input, select, form button { height: 2.6rem; }
      form button { flex: 0 0 auto; background: #2554c7; border-color: #2554c7; color: #fff; }
      ol { list-style: none; margin: 0; padding: 0; }
      li { padding: .6rem 0; border-top: 1px solid color-mix(in srgb, GrayText 40%, transparent); overflow-wrap: anywhere; }
      li small { display: block; color: GrayText; }
      #sign-out { padding: .1rem .6rem; margin-left: .3rem; }
      #result { min-height: 1.5em; margin: .5rem 0 0; color: GrayText; }
    `;

function behaviour(commonChannel: string): string {
  return `
      const $ = (id) => document.getElementById(id);
      let client, user, channelId;

      async function post(path, body) {
        const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        const answer = await response.json();
        if (!response.ok) throw new Error(answer.error);
        return answer;
      }

      async function signIn(name) {
        const config = await post('/login', { user: name });
        [user, channelId] = [name, config.channels[0]];
        client = new PushClient(config);
        client.onStateChange((state) => { $('state').textContent = state; });
        client.bind('demo.message', show);
        client.bind('demo.hello', show);
        client.subscribe(${JSON.stringify(commonChannel)});
        client.connect();
        sessionStorage.setItem('user', name);
        $('user').textContent = name[0].toUpperCase() + name.slice(1);
        $('signed-out').hidden = true;
        $('signed-in').hidden = false;
      }

      function leave() {
        client?.disconnect();
        if (channelId) navigator.sendBeacon('/logout', new Blob([JSON.stringify({ user, channelId })], { type: 'application/json' }));
        client = channelId = undefined;
      }

      function signOut() {
        leave();
        sessionStorage.removeItem('user');
        $('received').replaceChildren();
        $('nothing').hidden = false;
        $('result').textContent = '';
        $('sent').hidden = true;
        $('signed-in').hidden = true;
        $('signed-out').hidden = false;
      }

      function show(data, message) {
        const item = document.createElement('li');
        const details = document.createElement('small');
        const way = message.channel === channelId ? 'to you' : 'on channel ' + message.channel;
        details.textContent = new Date().toLocaleTimeString() + ' · ' + message.event + ' · ' + way;
        item.append(data.text, details);
        $('received').prepend(item);
        $('nothing').hidden = true;
      }

      const come = (name) => signIn(name).catch((error) => alert(error.message));
      for (const button of document.querySelectorAll('[data-user]'))
        button.addEventListener('click', () => come(button.dataset.user));
      $('sign-out').addEventListener('click', signOut);

      // A tab that is closed is heard of no more; one that is loaded anew, or that comes back, is its visitor's again.
      const comeBack = () => sessionStorage.getItem('user') && !client && come(sessionStorage.getItem('user'));
      addEventListener('pagehide', leave);
      addEventListener('pageshow', comeBack);
      $('form').addEventListener('submit', async (event) => {
        event.preventDefault();
        try {
          const { status, channels, code, report } = await post('/send', Object.fromEntries(new FormData(event.target)));
          $('result').textContent = status === 'unreachable' ? 'Nobody there: that user has no page open.' : 'Sent to ' + channels + (channels === 1 ? ' channel.' : ' channels.');
          $('code').textContent = code;
          $('report').textContent = report;
          $('sent').hidden = false;
        } catch (error) {
          $('result').textContent = error.message;
        }
      });
    `;
}

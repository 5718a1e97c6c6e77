// What an application's own script does, and beside it a record of what happened for the test to look at.
globalThis.startPage = async (PushClient) => {
  const query = new URLSearchParams(location.search);
  const record = { messages: [], subscribed: [], resubscribed: [], states: [], errors: [], uncaught: [] };
  addEventListener('error', (event) => record.uncaught.push(event.error.message));

  const response = await fetch(`/login?user=${query.get('user')}`, { method: 'POST' });
  const client = new PushClient(await response.json(), { signIn: query.has('signIn') });
  client.bindAll((data, { channel, event, id, userId, notification }) =>
    record.messages.push({ channel, event, data, id, userId, notification }),
  );
  client.onSubscribed(({ channel, isResubscription }) => {
    record.subscribed.push(channel);
    if (isResubscription) record.resubscribed.push(channel);
  });
  client.onStateChange((state) => record.states.push(state));
  client.onError(({ code, channel, status }) => record.errors.push({ code, channel, status }));
  client.connect();

  globalThis.client = client;
  globalThis.record = record;
};

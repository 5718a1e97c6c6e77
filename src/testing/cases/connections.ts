import assert from 'node:assert/strict';
import { type CaseDefinition, failureOf, type Trial } from '../trial.js';

const SOCKET_ID = '1234.5678';
const member = { id: 'conformance-member', info: { name: 'Ann' } };

export const connectionCases: readonly CaseDefinition[] = [
  {
    name: 'sends a message to all connections but the one that "except" names',
    lacks: ({ subject, capabilities }) => {
      if (!capabilities.except) return 'the backend declares except: false';
      return subject.join === undefined ? 'the harness has no join()' : undefined;
    },
    async check(trial) {
      const channel = await trial.channel();
      const [sender, other] = [await trial.subject.join?.(channel), await trial.subject.join?.(channel)];
      assert.ok(sender !== undefined && other !== undefined);
      const { event } = trial;
      await trial.push.send({ channels: channel, event, data: 'for the other', except: sender.socketId });
      await trial.push.send({ channels: channel, event, data: 'for both' });
      await trial.comesTrue(() => sender.received().length >= 1 && other.received().length >= 2);
      assert.deepEqual(
        other.received().map(({ data }) => data),
        ['for the other', 'for both'],
      );
      assert.deepEqual(
        sender.received().map(({ data }) => data),
        ['for both'],
      );
    },
    async instead(trial) {
      const { event, capabilities } = trial;
      const channel = await trial.channel();
      const sending = (): Promise<unknown> => trial.push.send({ channels: channel, event, data: 1, except: SOCKET_ID });
      if (capabilities.except) await sending();
      else await failureOf('a send with "except"', sending, 'UNSUPPORTED_OPERATION');
      await trial.arrived(capabilities.except ? [{ channel, event, data: 1 }] : []);
    },
  },
  {
    name: 'authorises a connection on a private channel and on a presence channel',
    lacks: withoutAuthorize,
    async check({ backend, push, client, privateChannel, presenceChannel }) {
      await push.ready();
      const onPrivate = await backend.authorizeChannel(client, privateChannel);
      assert.equal(typeof onPrivate.auth, 'string');
      assert.notEqual(onPrivate.auth, '');
      const onPresence = await backend.authorizeChannel(client, presenceChannel, member);
      assert.equal(typeof onPresence.auth, 'string');
      assert.deepEqual(JSON.parse(JSON.stringify(onPresence)), { ...onPresence });
      assert.notEqual(onPresence.auth, onPrivate.auth);
    },
    async instead({ backend, push, client, privateChannel }) {
      await push.ready();
      const authorising = (): unknown => backend.authorizeChannel(client, privateChannel);
      await failureOf('authorizeChannel()', authorising, 'UNSUPPORTED_OPERATION');
    },
  },
  {
    name: 'signs a connection in as a user',
    lacks: ({ capabilities }) => (capabilities.authenticate ? undefined : 'the backend declares authenticate: false'),
    async check({ backend, push, client }) {
      await push.ready();
      const { auth, user_data: userData } = await backend.authenticateUser(client, { id: member.id });
      assert.equal(typeof auth, 'string');
      assert.notEqual(auth, '');
      assert.equal(typeof userData, 'string');
    },
    async instead({ backend, push, client }) {
      await push.ready();
      const signing = (): unknown => backend.authenticateUser(client, { id: member.id });
      await failureOf('authenticateUser()', signing, 'UNSUPPORTED_OPERATION');
    },
  },
  {
    name: 'tells that nobody is on a channel',
    lacks: withoutPresence,
    async check({ push, presenceChannel, subject }) {
      const { occupied } = await push.channel(presenceChannel).info();
      const users = await push.channel(presenceChannel).users();
      assert.equal(typeof occupied, 'boolean');
      for (const user of users) assert.equal(typeof user, 'string');
      // Without join(), the harness may have put somebody there.
      if (subject.join !== undefined) assert.deepEqual({ occupied, users: [...users] }, { occupied: false, users: [] });
    },
    async instead({ push, presenceChannel }) {
      const channel = push.channel(presenceChannel);
      await failureOf('channel(name).info()', () => channel.info(), 'UNSUPPORTED_OPERATION');
      await failureOf('channel(name).users()', () => channel.users(), 'UNSUPPORTED_OPERATION');
    },
  },
  {
    name: 'tells who is on a channel',
    lacks: (trial) =>
      withoutPresence(trial) ?? (trial.subject.join === undefined ? 'the harness has no join()' : undefined),
    async check(trial) {
      const { push, presenceChannel, subject } = trial;
      await push.ready();
      const client = await subject.join?.(presenceChannel, member);
      const channel = push.channel(presenceChannel);
      const isThere = async (): Promise<boolean> => (await channel.info()).occupied;
      assert.ok(await trial.comesTrue(isThere), 'the channel is occupied once a client has joined');
      assert.deepEqual([...(await channel.users())], [member.id]);
      await client?.close();
      assert.ok(await trial.comesTrue(async () => !(await isThere())), 'the channel is empty once the client has left');
    },
  },
];

function withoutAuthorize({ capabilities }: Trial): string | undefined {
  return capabilities.authorize ? undefined : 'the backend declares authorize: false';
}

function withoutPresence({ capabilities }: Trial): string | undefined {
  return capabilities.presence ? undefined : 'the backend declares presence: false';
}

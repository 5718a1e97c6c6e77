// Records the newsletter for a thousand readers. `pushrail send-batch` sends it.
import { push } from './push.js';

const names = ['Ann', 'Ben', 'Cleo', 'Dana', 'Emil', 'Finn', 'Gesa', 'Hugo', 'Ines', 'Jana'];
const locales = ['en', 'de', 'de-AT'];

/** They stand for the rows of your table. */
const readers = Array.from({ length: 1000 }, (_, index) => ({
  id: index + 1,
  name: names[index % names.length],
  locale: locales[index % locales.length],
  isFriend: index % 7 === 0,
  isSubscribed: index % 25 !== 24,
}));

const reports = await push.sendTemplate({
  slug: 'autumn',
  users: readers,
  context: ({ id, name, isFriend }) => ({ id, name, isFriend, lamps: 12 }),
  locale: ({ locale }) => locale,
  tag: 'autumn',
  wait: false,
});
const skipped = reports.flatMap(({ skippedUsers = [] }) => skippedUsers);
console.log(
  `${readers.length - skipped.length} messages wait, and ${skipped.length} readers have unsubscribed. Some of them:`,
);
for (const recipient of readers.slice(0, 3)) {
  const { messages } = await push.messages.find({ recipient, tag: 'autumn', limit: 1 });
  for (const { notification } of messages)
    console.log(`  ${recipient.locale}: ${notification.title}. ${notification.body}`);
}
await push.close();

// The push service of the newsletter. newsletter.js loads this file, and so do the commands of `pushrail`.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createPushService, PushServiceWrapper, userChannels } from 'pushrail';

/** Stands for your provider, whose answer takes 50 ms. */
class Phones extends PushServiceWrapper {
  async sendData() {
    await setTimeout(50);
  }
}

export const push = createPushService({
  backend: Phones,
  sessions: userChannels(),
  messages: process.env.PUSH_MESSAGES ?? `sqlite:${join(tmpdir(), 'pushrail-newsletter.db')}`,
  // Commands send what waits, and not each process that loads this file.
  worker: false,
});

push.template('autumn', {
  event: 'newsletter',
  title: 'Autumn at the shop',
  body: 'Hello {{ name }}, {{ lamps }} new lamps are here{% if isFriend %}, for you with 10 % off{% endif %}.',
  url: 'https://shop.example/autumn?reader={{ id }}',
  data: { lamps: '{{ lamps }}' },
  locales: {
    de: {
      title: 'Herbst im Laden',
      body: 'Hallo {{ name }}, {{ lamps }} neue Lampen sind da{% if isFriend %}, für dich 10 % billiger{% endif %}.',
      url: 'https://shop.example/de/herbst?reader={{ id }}',
    },
    // The other texts are those of `de`.
    'de-AT': {
      body: 'Servus {{ name }}, {{ lamps }} neue Lampen sind da{% if isFriend %}, für dich 10 % billiger{% endif %}.',
    },
  },
  canSend: (reader) => reader.isSubscribed,
});

import { expect, it } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { recordedService } from './recorded-service.js';

it('ready() resolves when the message store is open', async () => {
  const store = memoryMessages();
  const opening = Promise.withResolvers<void>();
  let isOpen = false;
  store.open = async () => {
    await opening.promise;
    isOpen = true;
  };
  await using recorded = recordedService({ messages: store });
  const ready = recorded.push.ready().then(() => isOpen);
  opening.resolve();
  expect(await ready).toBe(true);
});

it('ready() throws when the message store cannot be opened', async () => {
  const store = memoryMessages();
  store.open = () => Promise.reject(new ConfigurationError('There is no such database.'));
  await using recorded = recordedService({ messages: store });
  await expect(recorded.push.ready()).rejects.toThrow('There is no such database.');
});

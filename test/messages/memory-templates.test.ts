import { expect, test } from 'vitest';
import { memoryMessages } from '../../src/messages/memory/index.js';

const welcome = { service: 'shop', slug: 'welcome', isActive: true, content: '{}' };

test('gives copies of templates, so that nobody changes what is kept', async () => {
  const { templates } = memoryMessages();
  for (const found of [
    await templates?.saveTemplate(welcome, 0),
    await templates?.getTemplate('shop', 'welcome'),
    await templates?.getTemplate('shop', 'welcome', 1),
    (await templates?.listTemplates('shop', { limit: 1 }))?.[0],
  ]) {
    expect(found).toEqual({ ...welcome, version: 1, createdAt: 0 });
    Object.assign(found ?? {}, { content: 'changed', isActive: false });
  }
  expect(await templates?.getTemplate('shop', 'welcome')).toEqual({ ...welcome, version: 1, createdAt: 0 });
});

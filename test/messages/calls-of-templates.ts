import type { TemplateStore } from '../../src/messages/template-store.js';

const service = 'shop';

/** Each call about templates of the service `shop`, for a test of the plans of its statements. */
export function callsOfTemplates(
  templates: () => TemplateStore | undefined,
): readonly (readonly [name: string, call: () => Promise<unknown>])[] {
  const save = { service, slug: 'slug9', isActive: true, content: 'content' };
  return [
    ['saveTemplate', async () => templates()?.saveTemplate(save, undefined)],
    ['getTemplate', async () => templates()?.getTemplate(service, 'slug7')],
    ['getTemplate of a version', async () => templates()?.getTemplate(service, 'slug7', 1)],
    ['listTemplates', async () => templates()?.listTemplates(service, { limit: 10, after: 'slug7' })],
    ['setTemplateActive', async () => templates()?.setTemplateActive(service, 'slug7', false)],
    ['removeTemplate', async () => templates()?.removeTemplate(service, 'slug8')],
  ];
}

import { setImmediate } from 'node:timers/promises';
import type { NewTemplate, StoredTemplate, TemplateStore } from '../../../src/messages/template-store.js';
import { type Fault, templating } from './faulty-messages.js';

/** Saves something else than what it is given. */
export function saving(change: (template: NewTemplate) => Partial<NewTemplate>): Fault {
  return templating((right) => ({
    saveTemplate: (template, now) => right.saveTemplate({ ...template, ...change(template) }, now),
  }));
}

/** Shows templates as they are not, wherever they are read. */
export function reading(change: (template: StoredTemplate) => Partial<StoredTemplate>): Fault {
  const shown = (template: StoredTemplate): StoredTemplate => ({ ...template, ...change(template) });
  return templating((right) => ({
    async getTemplate(...of) {
      const found = await right.getTemplate(...of);
      return found && shown(found);
    },
    listTemplates: async (...of) => (await right.listTemplates(...of)).map(shown),
  }));
}

/** Answers a list otherwise. */
export function listing(
  change: (all: readonly StoredTemplate[], page: Parameters<TemplateStore['listTemplates']>[1]) => unknown,
): Fault {
  return templating((right) => ({
    async listTemplates(service, page) {
      const all = await right.listTemplates(service, { limit: 1000 });
      return change(all, page) as readonly StoredTemplate[];
    },
  }));
}

/** Takes slugs, or the names of services, for one another. */
export function folding(fold: (name: string) => string): Fault {
  return templating((right) => ({
    saveTemplate: (template, now) => right.saveTemplate({ ...template, slug: fold(template.slug) }, now),
    getTemplate: (service, slug, version) => right.getTemplate(service, fold(slug), version),
  }));
}

export const foldingServices: Fault = templating((right) => ({
  saveTemplate: (template, now) => right.saveTemplate({ ...template, service: 'all' }, now),
  getTemplate: (_service, slug, version) => right.getTemplate('all', slug, version),
  listTemplates: (_service, page) => right.listTemplates('all', page),
  removeTemplate: (_service, slug) => right.removeTemplate('all', slug),
  setTemplateActive: (_service, slug, isActive) => right.setTemplateActive('all', slug, isActive),
}));

/** Starts again at 1 behind a removal. */
export const reusesVersions: Fault = templating((right) => {
  const generations = new Map<string, number>();
  const named = (slug: string): string => `${slug}/${generations.get(slug) ?? 0}`;
  const as = (slug: string, found: StoredTemplate | undefined) => found && { ...found, slug };
  return {
    saveTemplate: async (template, now) => ({
      ...(await right.saveTemplate({ ...template, slug: named(template.slug) }, now)),
      slug: template.slug,
    }),
    getTemplate: async (service, slug, version) => as(slug, await right.getTemplate(service, named(slug), version)),
    async removeTemplate(service, slug) {
      const isRemoved = await right.removeTemplate(service, named(slug));
      if (isRemoved) generations.set(slug, (generations.get(slug) ?? 0) + 1);
      return isRemoved;
    },
  };
});

/** Switches the first version. */
export const switchesFirstVersion: Fault = templating((right) => {
  const switched = new Map<string, boolean>();
  const nameOf = ({ service, slug, version }: StoredTemplate): string => JSON.stringify([service, slug, version]);
  const shown = (one: StoredTemplate): StoredTemplate => ({
    ...one,
    isActive: switched.get(nameOf(one)) ?? one.isActive,
  });
  return {
    async setTemplateActive(service, slug, isActive) {
      const found = await right.getTemplate(service, slug, 1);
      if (found !== undefined) switched.set(nameOf(found), isActive);
      return found !== undefined;
    },
    async getTemplate(...of) {
      const found = await right.getTemplate(...of);
      return found && shown(found);
    },
    listTemplates: async (...of) => (await right.listTemplates(...of)).map(shown),
  };
});

export const switchesEachVersion: Fault = templating((right) => {
  const last = new Map<string, boolean>();
  const shown = (one: StoredTemplate): StoredTemplate => ({ ...one, isActive: last.get(one.slug) ?? one.isActive });
  return {
    async setTemplateActive(service, slug, isActive) {
      const isThere = await right.setTemplateActive(service, slug, isActive);
      if (isThere) last.set(slug, isActive);
      return isThere;
    },
    async getTemplate(...of) {
      const found = await right.getTemplate(...of);
      return found && shown(found);
    },
  };
});

/** Finds out the number of a version before it keeps it. */
export const countsBeforeItSaves: Fault = templating((right) => ({
  async saveTemplate(template, now) {
    const before = await right.getTemplate(template.service, template.slug);
    await setImmediate();
    return { ...(await right.saveTemplate(template, now)), version: (before?.version ?? 0) + 1 };
  },
}));

export const looksBeforeItRemoves: Fault = templating((right) => ({
  async removeTemplate(service, slug) {
    const found = await right.getTemplate(service, slug);
    await setImmediate();
    await right.removeTemplate(service, slug);
    return found !== undefined;
  },
}));

/** Compares the version that it has read before, and says that there is none where another one has come. */
export function losing(method: 'removeTemplate' | 'setTemplateActive'): Fault {
  return templating((right) => {
    const isStill = async (service: string, slug: string): Promise<boolean> => {
      const before = await right.getTemplate(service, slug);
      await setImmediate();
      return (await right.getTemplate(service, slug))?.version === before?.version;
    };
    if (method === 'removeTemplate')
      return { removeTemplate: async (...of) => (await isStill(...of)) && right.removeTemplate(...of) };
    return {
      setTemplateActive: async (service, slug, isActive) =>
        (await isStill(service, slug)) && right.setTemplateActive(service, slug, isActive),
    };
  });
}

/** Finds out whether a template is active before it keeps a version. */
export const looksBeforeItSaves: Fault = templating((right) => ({
  async saveTemplate(template, now) {
    const before = await right.getTemplate(template.service, template.slug);
    await setImmediate();
    return right.saveTemplate({ ...template, isActive: template.isActive ?? before?.isActive ?? true }, now);
  },
}));

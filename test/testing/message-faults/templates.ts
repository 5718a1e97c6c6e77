import { setImmediate } from 'node:timers/promises';
import type { StoredTemplate } from '../../../src/messages/template-store.js';
import { type Faults, templating } from '../support/faulty-messages.js';
import {
  countsBeforeItSaves,
  folding,
  foldingServices,
  listing,
  looksBeforeItRemoves,
  looksBeforeItSaves,
  losing,
  reading,
  reusesVersions,
  saving,
  switchesEachVersion,
  switchesFirstVersion,
} from '../support/faulty-templates.js';

export const templateFaults: Faults = {
  'keeps each version of a template, and finds the latest one and any by its number': {
    'keeps the first one': templating((right) => {
      let first: Promise<StoredTemplate> | undefined;
      return { saveTemplate: (...of) => (first ??= right.saveTemplate(...of)) };
    }),
    'finds the first one': templating((right) => ({
      getTemplate: (service, slug, version = 1) => right.getTemplate(service, slug, version),
    })),
    'has the latest one alone': templating((right) => ({
      getTemplate: (service, slug) => right.getTemplate(service, slug),
    })),
    'finds the latest one for a version that is not there': templating((right) => ({
      getTemplate: async (service, slug, version) =>
        (await right.getTemplate(service, slug, version)) ?? right.getTemplate(service, slug),
    })),
    'keeps each as active': saving(() => ({ isActive: true })),
  },
  'keeps the whole of a long template, and every character of it': {
    'keeps 64 kB': saving(({ content }) => ({ content: content.slice(0, 65_535) })),
    'keeps what is made anew of its JSON': reading(({ content }) => ({ content: JSON.stringify(JSON.parse(content)) })),
    'keeps characters of 16 bits': reading(({ content }) => ({ content: content.replaceAll(/[\ud800-\udfff]/g, '?') })),
  },
  'counts the versions of a template on, also when it was removed in between': {
    'reuses versions': reusesVersions,
    'counts all templates together': templating((right) => {
      let count = 0;
      return { saveTemplate: async (...of) => ({ ...(await right.saveTemplate(...of)), version: ++count }) };
    }),
    'keeps it removed': templating((right) => {
      const removed = new Set<string>();
      return {
        async removeTemplate(service, slug) {
          removed.add(slug);
          return right.removeTemplate(service, slug);
        },
        getTemplate: async (service, slug, version) =>
          removed.has(slug) && version === undefined ? undefined : right.getTemplate(service, slug, version),
      };
    }),
  },
  'removes a template: it is found and listed no more, and its versions stay readable': {
    'finds it still': templating((right) => ({
      getTemplate: async (service, slug, version) =>
        (await right.getTemplate(service, slug, version)) ?? right.getTemplate(service, slug, 2),
    })),
    'lists it still': templating((right) => ({
      async listTemplates(service, page) {
        const removed = await right.getTemplate(service, 'welcome', 2);
        const listed = await right.listTemplates(service, page);
        return removed === undefined || listed.length > 1 ? listed : [...listed, removed];
      },
    })),
    'removes its versions, too': templating((right) => ({
      getTemplate: async (service, slug, version) =>
        (await right.getTemplate(service, slug)) && right.getTemplate(service, slug, version),
    })),
    'removes one version': templating((right) => ({
      async removeTemplate(service, slug) {
        const latest = await right.getTemplate(service, slug);
        const isRemoved = await right.removeTemplate(service, slug);
        if (latest !== undefined && latest.version > 1) await right.saveTemplate(latest, 0);
        return isRemoved;
      },
    })),
    'says that there was one': templating((right) => ({
      async removeTemplate(...of) {
        await right.removeTemplate(...of);
        return true;
      },
    })),
    'switches what is gone': templating((right) => ({
      async setTemplateActive(service, slug, isActive) {
        const isThere = await right.setTemplateActive(service, slug, isActive);
        return isThere || (await right.getTemplate(service, slug, 1)) !== undefined;
      },
    })),
  },
  'switches the latest version of a template on and off, and nothing else': {
    'switches the first version': switchesFirstVersion,
    'switches each version': switchesEachVersion,
    'switches nothing': templating((right) => ({
      setTemplateActive: async (service, slug) => (await right.getTemplate(service, slug)) !== undefined,
    })),
    'makes a new version of it': templating((right) => ({
      async setTemplateActive(service, slug, isActive) {
        const latest = await right.getTemplate(service, slug);
        if (latest !== undefined) await right.saveTemplate({ ...latest, isActive }, latest.createdAt);
        return latest !== undefined;
      },
    })),
    'says whether it has changed something': templating((right) => ({
      async setTemplateActive(service, slug, isActive) {
        const before = await right.getTemplate(service, slug);
        return (await right.setTemplateActive(service, slug, isActive)) && before?.isActive !== isActive;
      },
    })),
    'says that there is one': templating((right) => ({
      async setTemplateActive(...of) {
        await right.setTemplateActive(...of);
        return true;
      },
    })),
  },
  'keeps whether a template is active where a save does not say, and begins with one that is': {
    'is always active': saving(({ isActive = true }) => ({ isActive })),
    'begins with one that is not': saving(({ isActive = false }) => ({ isActive })),
    'is as before, whatever a save says': saving(() => ({ isActive: undefined })),
    'forgets it with a removal': looksBeforeItSaves,
  },
  'lists the latest version of each template by its slug, in the order of code points, part after part': {
    'lists them in the order of JavaScript': listing((all, { limit, after = '' }) =>
      all
        .filter(({ slug }) => slug > after)
        .sort((one, other) => (one.slug < other.slug ? -1 : 1))
        .slice(0, limit),
    ),
    'lists them as a dictionary does': listing((all, { limit, after }) =>
      all
        .toSorted((one, other) => one.slug.localeCompare(other.slug, 'en'))
        .slice(all.findIndex(({ slug }) => slug === after) + 1)
        .slice(0, limit),
    ),
    'lists the oldest first': listing((all) => all.toReversed()),
    'lists all at once': templating((right) => ({
      listTemplates: (service, { after }) => right.listTemplates(service, { limit: 1000, after }),
    })),
    'always begins with the first one': templating((right) => ({
      listTemplates: (service, { limit }) => right.listTemplates(service, { limit }),
    })),
    'looks for the slug that a part follows on': listing((all, { limit, after }) => {
      const place = all.findIndex(({ slug }) => slug === after);
      return after !== undefined && place < 0 ? [] : all.slice(place + 1).slice(0, limit);
    }),
    'lists first versions': templating((right) => ({
      async listTemplates(service, page) {
        const listed = await right.listTemplates(service, page);
        return Promise.all(listed.map(async (one) => (await right.getTemplate(service, one.slug, 1)) ?? one));
      },
    })),
  },
  'tells apart slugs that differ in case, in accents, in blanks or late, and the templates of services': {
    'takes upper case for lower case': folding((slug) => slug.toLowerCase()),
    'takes accented letters for plain ones': folding((slug) => slug.normalize('NFD').replace(/\p{M}/gu, '')),
    'drops blanks at the end': folding((slug) => slug.trimEnd()),
    'cuts slugs': folding((slug) => slug.slice(0, 255)),
    'mixes services': foldingServices,
    'removes for all services': templating((right) => ({
      async removeTemplate(service, slug) {
        await right.removeTemplate('shop', slug);
        return right.removeTemplate(service, slug);
      },
    })),
    'switches for all services': templating((right) => ({
      async setTemplateActive(service, slug, isActive) {
        await right.setTemplateActive('shop', slug, isActive);
        return right.setTemplateActive(service, slug, isActive);
      },
    })),
    'finds a version in any service': templating((right) => ({
      getTemplate: (service, slug, version) =>
        right.getTemplate(version === undefined ? service : 'shop', slug, version),
    })),
  },
  'notes when a template was saved, by the clock that it is given, and else by its own': {
    'goes by its own': templating((right) => ({ saveTemplate: (template) => right.saveTemplate(template, undefined) })),
    'takes 1970 for no time': templating((right) => ({
      saveTemplate: (template, now) => right.saveTemplate(template, now || undefined),
    })),
    'stands at 1970': templating((right) => ({
      saveTemplate: (template, now = 0) => right.saveTemplate(template, now),
    })),
    'keeps seconds': reading(({ createdAt }) => ({ createdAt: Math.floor(createdAt / 1000) * 1000 })),
  },
  'refuses calls about templates when it is closed, and takes them when it is opened again': {
    'lists nothing when it is closed': templating((right) => ({
      listTemplates: async (...of) => right.listTemplates(...of).catch(() => []),
    })),
    'fails with an error of its own': templating((right) => ({
      removeTemplate: async (...of) =>
        right.removeTemplate(...of).catch(() => {
          throw new Error('no connection');
        }),
    })),
    'stays closed': templating((right) => {
      let isClosed = false;
      return {
        async saveTemplate(...of) {
          const saved = isClosed ? Promise.reject(new Error('It was closed.')) : right.saveTemplate(...of);
          return saved.catch((error: unknown) => {
            isClosed = true;
            throw error;
          });
        },
      };
    }),
  },
  'makes a version for each of several processes that save a template at the same time': {
    'counts, and saves later': countsBeforeItSaves,
    'keeps the last one of those at the same time': templating((right) => {
      const saved = new Map<string, StoredTemplate>();
      return {
        async saveTemplate(...of) {
          const template = await right.saveTemplate(...of);
          saved.set(template.slug, template);
          await setImmediate();
          return saved.get(template.slug) ?? template;
        },
      };
    }),
  },
  'removes a template once when two processes ask for it at the same time': {
    'looks, and removes later': looksBeforeItRemoves,
  },
  'leaves a template off that another process switches off while it is saved, where the save does not say': {
    'looks, and saves later': looksBeforeItSaves,
  },
  'switches and removes a template that another process saves at the same time': {
    'finds none to switch': losing('setTemplateActive'),
    'finds none to remove': losing('removeTemplate'),
  },
};

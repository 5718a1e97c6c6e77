import assert from 'node:assert/strict';
import type { NewTemplate, StoredTemplate, TemplateStore } from '../../index.js';
import { assertFields, type MessageCaseDefinition, type MessageTrial, MINUTE, NOW, SERVICE } from '../message-trial.js';
import { failureOf } from '../trial.js';
import { anyCode } from './opening.js';

/** In the order of their code points, which is not that of JavaScript: its texts have U+1F642 before U+FFFC. */
const slugs = ['!', '10', '9', 'A', 'Welcome', 'a', 'a ', 'a-b', 'aa', 'welcome', 'z', 'é', '\ufffc', '🙂', '🙂a'];

/** The `lacks` of a case about templates. */
export function withoutTemplates({ store }: MessageTrial): string | undefined {
  return store.templates === undefined ? 'the store has no templates' : undefined;
}

export function templatesOf({ templates }: { readonly templates?: TemplateStore | undefined }): TemplateStore {
  assert.ok(templates);
  return templates;
}

/** A template to save that says whether it is active. */
type TemplateToSave = NewTemplate & Pick<StoredTemplate, 'isActive'>;

export function template(of: Partial<TemplateToSave> = {}): TemplateToSave {
  return { service: SERVICE, slug: 'welcome', isActive: true, content: '{"texts":{"body":"Hello"}}', ...of };
}

/** Asserts which version of a template is the latest; undefined for none. */
export async function isLatest(store: TemplateStore, version: number | undefined, slug = 'welcome'): Promise<void> {
  const found = await store.getTemplate(SERVICE, slug);
  assert.equal(found?.version, version, `the latest version of the template ${JSON.stringify(slug)}`);
}

/** Asserts what a list holds, all of it in one part. */
async function lists(store: TemplateStore, expected: readonly Partial<StoredTemplate>[]): Promise<void> {
  const found = await store.listTemplates(SERVICE, { limit: 100 });
  assert.deepEqual(
    found.map(({ slug }) => slug),
    expected.map(({ slug }) => slug),
    'the slugs of the list',
  );
  for (const [n, one] of found.entries()) assertFields(one, expected[n] ?? {});
}

/** What becomes of templates. A store that keeps none leaves these cases out. */
export const templateCases: readonly MessageCaseDefinition[] = [
  {
    name: 'keeps each version of a template, and finds the latest one and any by its number',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      const saves = [template(), template({ content: '{"texts":{}}', isActive: false }), template()];
      for (const [n, save] of saves.entries()) {
        const expected = { ...save, version: n + 1, createdAt: NOW + n };
        assertFields(await templates.saveTemplate(save, NOW + n), expected);
        assertFields((await templates.getTemplate(SERVICE, 'welcome')) ?? {}, expected);
      }
      for (const [n, save] of saves.entries()) {
        const found = (await templates.getTemplate(SERVICE, 'welcome', n + 1)) ?? {};
        assertFields(found, { ...save, version: n + 1, createdAt: NOW + n });
      }
      for (const version of [0, 4, -1, 1.5, 2 ** 40]) {
        const found = await templates.getTemplate(SERVICE, 'welcome', version);
        assert.equal(found, undefined, `version ${version}, which is not there`);
      }
      await isLatest(templates, undefined, 'welcom');
    },
  },
  {
    name: 'keeps the whole of a long template, and every character of it',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      const body = `\u0000 \u2028 "\\ ' % _ ${'é🙂'.repeat(500_000)}`;
      for (const content of [JSON.stringify({ texts: { body } }), '{"texts": {"title": "ä🙂￼ "}} ']) {
        const saved = await templates.saveTemplate(template({ content }), NOW);
        const found = await templates.getTemplate(SERVICE, 'welcome', saved.version);
        // Texts of megabytes are not for an error to show.
        assert.ok(saved.content === content, 'the content that saveTemplate() gives must be what it was given');
        assert.ok(found?.content === content, 'the content of a template must be kept as it was given');
      }
    },
  },
  {
    name: 'counts the versions of a template on, also when it was removed in between',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      for (const version of [1, 2, 3]) {
        assertFields(await templates.saveTemplate(template({ content: `{"texts":{"body":"${version}"}}` }), NOW), {
          version,
        });
        await isLatest(templates, version);
        assert.equal(await templates.removeTemplate(SERVICE, 'welcome'), true, 'removeTemplate() of what is there');
      }
      const first = await templates.getTemplate(SERVICE, 'welcome', 1);
      assert.equal(first?.content, '{"texts":{"body":"1"}}', 'the content of the first version');
      assertFields(await templates.saveTemplate(template({ slug: 'other' }), NOW), { version: 1 });
    },
  },
  {
    name: 'removes a template: it is found and listed no more, and its versions stay readable',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      assert.equal(await templates.removeTemplate(SERVICE, 'welcome'), false, 'removeTemplate() of what is not there');
      const [kept, removed] = [template({ slug: 'kept' }), template()];
      for (const save of [kept, removed, removed]) await templates.saveTemplate(save, NOW);
      assert.equal(await templates.removeTemplate(SERVICE, 'welcome'), true);
      assert.equal(await templates.removeTemplate(SERVICE, 'welcome'), false, 'the second removeTemplate()');
      await isLatest(templates, undefined);
      await lists(templates, [kept]);
      assert.equal(await templates.setTemplateActive(SERVICE, 'welcome', false), false, 'the switch of what is gone');
      for (const version of [1, 2]) {
        const found = await templates.getTemplate(SERVICE, 'welcome', version);
        assertFields(found ?? {}, { ...removed, version });
      }
      await templates.saveTemplate(removed, NOW);
      await lists(templates, [kept, { ...removed, version: 3 }]);
    },
  },
  {
    name: 'switches the latest version of a template on and off, and nothing else',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      const other = template({ slug: 'other' });
      for (const save of [template(), template(), template(), other]) await templates.saveTemplate(save, NOW);
      for (const isActive of [false, false, true, false]) {
        const isThere = await templates.setTemplateActive(SERVICE, 'welcome', isActive);
        assert.equal(isThere, true, `setTemplateActive(${isActive}) of a template that is there`);
        await lists(templates, [other, template({ isActive })]);
        const latest = await templates.getTemplate(SERVICE, 'welcome');
        assertFields(latest ?? {}, { ...template({ isActive }), version: 3, createdAt: NOW });
      }
      for (const version of [1, 2]) {
        assertFields((await templates.getTemplate(SERVICE, 'welcome', version)) ?? {}, { isActive: true });
      }
      assert.equal(await templates.setTemplateActive(SERVICE, 'none', true), false, 'the switch of what is not there');
      assertFields(await templates.saveTemplate(template(), NOW), { isActive: true, version: 4 });
      await lists(templates, [other, template({ isActive: true })]);
    },
  },
  {
    name: 'keeps whether a template is active where a save does not say, and begins with one that is',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      const saves = async (isActive: boolean | undefined, expected: boolean): Promise<void> => {
        assertFields(await templates.saveTemplate({ ...template(), isActive }, NOW), { isActive: expected });
        assertFields((await templates.getTemplate(SERVICE, 'welcome')) ?? {}, { isActive: expected });
      };
      await saves(undefined, true);
      await templates.setTemplateActive(SERVICE, 'welcome', false);
      await saves(undefined, false);
      await templates.removeTemplate(SERVICE, 'welcome');
      await saves(undefined, false);
      await saves(true, true);
      await saves(undefined, true);
    },
  },
  {
    name: 'lists the latest version of each template by its slug, in the order of code points, part after part',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      assert.deepEqual(await templates.listTemplates(SERVICE, { limit: 10 }), []);
      for (const [n, slug] of slugs.toSorted().entries()) {
        if (n % 2 === 0) await templates.saveTemplate(template({ slug, content: '{"texts":{}}' }), NOW);
        await templates.saveTemplate(template({ slug }), NOW + 1);
      }
      await lists(
        templates,
        slugs.map((slug) => template({ slug })),
      );
      const found: string[] = [];
      for (let after: string | undefined; ; ) {
        const part = await templates.listTemplates(SERVICE, { limit: 2, after });
        assert.ok(part.length <= 2, `a part of 2 templates at most, not ${part.length}`);
        after = part.at(-1)?.slug;
        if (after === undefined) break;
        found.push(...part.map(({ slug }) => slug));
        assert.ok(found.length <= slugs.length, 'the parts must come to an end');
      }
      assert.deepEqual(found, slugs, 'the slugs of all parts');
      const next = await templates.listTemplates(SERVICE, { limit: 1, after: 'x, which is not there' });
      assert.deepEqual(
        next.map(({ slug }) => slug),
        ['z'],
        'what follows on a slug that is not there',
      );
    },
  },
  {
    name: 'tells apart slugs that differ in case, in accents, in blanks or late, and the templates of services',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      const long = '🙂'.repeat(254);
      const names = [
        'welcome',
        'Welcome',
        'welcomé',
        'welcome ',
        ' welcome',
        'welcom_',
        'welcom%',
        `${long}a`,
        `${long}b`,
      ];
      const content = (service: string, slug: string): string => JSON.stringify({ texts: { body: service + slug } });
      for (const service of [SERVICE, 'blog', 'Shop', 'shop ']) {
        for (const slug of names) {
          const save = template({ service, slug, content: content(service, slug) });
          assertFields(await templates.saveTemplate(save, NOW), { version: 1 });
        }
      }
      assert.equal(await templates.removeTemplate('blog', 'welcome'), true);
      assert.equal(await templates.setTemplateActive('Shop', 'welcome', false), true);
      for (const slug of names) {
        const expected = { service: SERVICE, slug, isActive: true, content: content(SERVICE, slug) };
        assertFields((await templates.getTemplate(SERVICE, slug)) ?? {}, expected);
        assertFields((await templates.getTemplate(SERVICE, slug, 1)) ?? {}, expected);
      }
      assert.equal((await templates.listTemplates(SERVICE, { limit: 100 })).length, names.length);
      assert.equal((await templates.listTemplates('blog', { limit: 100 })).length, names.length - 1);
      assert.deepEqual(await templates.listTemplates('none', { limit: 100 }), []);
      assert.equal(await templates.getTemplate('none', 'welcome', 1), undefined);
    },
  },
  {
    name: 'notes when a template was saved, by the clock that it is given, and else by its own',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      for (const now of [NOW, NOW - 1, 0]) {
        assertFields(await templates.saveTemplate(template(), now), { createdAt: now });
        assertFields((await templates.getTemplate(SERVICE, 'welcome')) ?? {}, { createdAt: now });
      }
      const { createdAt } = await templates.saveTemplate(template(), undefined);
      assert.ok(Math.abs(createdAt - Date.now()) < MINUTE, `${createdAt} must be a time of these minutes`);
      assertFields((await templates.getTemplate(SERVICE, 'welcome')) ?? {}, { createdAt });
    },
  },
  {
    name: 'refuses calls about templates when it is closed, and takes them when it is opened again',
    lacks: withoutTemplates,
    async check({ store }) {
      const templates = templatesOf(store);
      await templates.saveTemplate(template(), NOW);
      await store.close();
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        'saveTemplate()': () => templates.saveTemplate(template(), NOW),
        'getTemplate()': () => templates.getTemplate(SERVICE, 'welcome'),
        'listTemplates()': () => templates.listTemplates(SERVICE, { limit: 1 }),
        'removeTemplate()': () => templates.removeTemplate(SERVICE, 'welcome'),
        'setTemplateActive()': () => templates.setTemplateActive(SERVICE, 'welcome', false),
      };
      for (const [name, call] of Object.entries(calls)) {
        await failureOf(`${name} of a store that is closed`, call, ...anyCode);
      }
      await store.open();
      await templates.saveTemplate(template({ slug: 'again' }), NOW);
      await isLatest(templates, 1, 'again');
    },
  },
];

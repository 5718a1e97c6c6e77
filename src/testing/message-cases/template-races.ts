import assert from 'node:assert/strict';
import type { TemplateStore } from '../../index.js';
import {
  assertFields,
  type MessageCaseDefinition,
  type MessageTrial,
  NOW,
  SERVICE,
  withoutAnother,
} from '../message-trial.js';
import { race } from './processes.js';
import { isLatest, template, templatesOf, withoutTemplates } from './templates.js';

/** How many times two processes race. */
const ROUNDS = 10;

function withoutOthers(trial: MessageTrial): string | undefined {
  return withoutTemplates(trial) ?? withoutAnother(trial);
}

/** What several processes do with one template at the same time. */
export const templateRaceCases: readonly MessageCaseDefinition[] = [
  {
    name: 'makes a version for each of several processes that save a template at the same time',
    lacks: withoutOthers,
    async check(trial) {
      const [templates, others] = [templatesOf(trial.store), templatesOf(await trial.another())];
      for (let round = 0; round < ROUNDS; round++) {
        const slug = `welcome-${round >> 1}`;
        const saves = [templates, others, templates, others, others, templates].map((store, n) => {
          return () => store.saveTemplate(template({ slug, content: `{"texts":{"body":"${round}.${n}"}}` }), NOW);
        });
        const made = (await race(round, ...saves)).toSorted((one, other) => one.version - other.version);
        const versions = made.map((_, n) => (round % 2) * saves.length + n + 1);
        assert.deepEqual(
          made.map(({ version }) => version),
          versions,
          'the versions of saves at the same time',
        );
        for (const one of made) {
          assertFields((await others.getTemplate(SERVICE, slug, one.version)) ?? {}, { content: one.content });
        }
        await isLatest(templates, versions.at(-1), slug);
      }
    },
  },
  {
    name: 'removes a template once when two processes ask for it at the same time',
    lacks: withoutOthers,
    async check(trial) {
      const [templates, others] = [templatesOf(trial.store), templatesOf(await trial.another())];
      for (let round = 0; round < ROUNDS; round++) {
        await templates.saveTemplate(template(), NOW);
        const remove = (store: TemplateStore) => () => store.removeTemplate(SERVICE, 'welcome');
        const answers = await race(round, remove(templates), remove(others));
        assert.deepEqual(answers.sort(), [false, true], 'the answers of removeTemplate()');
      }
    },
  },
  {
    name: 'leaves a template off that another process switches off while it is saved, where the save does not say',
    lacks: withoutOthers,
    async check(trial) {
      const [templates, others] = [templatesOf(trial.store), templatesOf(await trial.another())];
      for (let round = 0; round < ROUNDS; round++) {
        const slug = `welcome-${round}`;
        const save = (): Promise<unknown> => others.saveTemplate({ ...template({ slug }), isActive: undefined }, NOW);
        await save();
        await race<unknown>(round, save, () => templates.setTemplateActive(SERVICE, slug, false), save);
        // Whichever comes first: the later version is as the one before, or it is the one that is switched.
        assertFields((await templates.getTemplate(SERVICE, slug)) ?? {}, { version: 3, isActive: false });
      }
    },
  },
  {
    name: 'switches and removes a template that another process saves at the same time',
    lacks: withoutOthers,
    async check(trial) {
      const [templates, others] = [templatesOf(trial.store), templatesOf(await trial.another())];
      for (let round = 0; round < ROUNDS; round++) {
        const slug = `welcome-${round}`;
        const save = (): Promise<unknown> => others.saveTemplate(template({ slug }), NOW);
        await save();
        // The template is there all the time, whichever comes first.
        const [isThere] = await race(round, () => templates.setTemplateActive(SERVICE, slug, false), save);
        assert.equal(isThere, true, 'setTemplateActive() while another process saves');
        const [isRemoved] = await race<unknown>(round, () => templates.removeTemplate(SERVICE, slug), save);
        assert.equal(isRemoved, true, 'removeTemplate() while another process saves');
        const latest = await templates.getTemplate(SERVICE, slug);
        assert.ok(
          latest === undefined || latest.version === 3,
          'the latest version is the third one, or there is none',
        );
        assertFields(await others.saveTemplate(template({ slug }), NOW), { version: 4 });
      }
    },
  },
];

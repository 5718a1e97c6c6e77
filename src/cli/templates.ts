import { Command, InvalidArgumentError } from 'commander';
import { ConfigurationError, type PushService, type RenderedTemplate, type SavedTemplate } from '../index.js';
import { isRecord } from '../wire/is-record.js';
import { type StoreOptions, serviceHelp, storeHelp, storeService } from './application.js';
import { CommandFailed, jsonValue, positiveNumber } from './arguments.js';
import { jsonLine, shortTime, timeText } from './message-texts.js';
import { visible } from './printable.js';
import { named, table } from './table.js';
import type { Terminal } from './terminal.js';

interface OutputOptions extends StoreOptions {
  json: boolean;
}

/** `pushrail templates`: lists, shows and previews templates. */
export function templatesCommand(terminal: Terminal): Command {
  return new Command('templates')
    .description('list, show and preview templates')
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal))
    .addCommand(previewCommand(terminal))
    .addHelpText(
      'after',
      `\nExample:   pushrail templates preview welcome ./push.js --context '{"name":"Ann"}' --locale de`,
    );
}

function listCommand(terminal: Terminal): Command {
  return outputOptions(new Command('list'))
    .description('list the templates of the module and those that the message store keeps')
    .argument('[module]', storeHelp)
    .addHelpText('after', '\nExample:   pushrail templates list ./push.js')
    .action(async (path: string | undefined, { json, ...options }: OutputOptions) => {
      await using service = await storeService(path, terminal, options);
      const inCode = codeOf(service);
      const templates: Shown[] = await all(service).catch((error: unknown) => {
        if (inCode.length === 0 || !(error instanceof ConfigurationError)) throw error;
        terminal.complain(`Only those in code: ${error.message}`);
        return [];
      });
      // What the store keeps takes the place of what is in code.
      templates.push(...inCode.filter(({ slug }) => !templates.some((stored) => stored.slug === slug)));
      if (json) for (const template of templates) terminal.print(jsonLine(template));
      else for (const line of linesOfList(templates, Date.now(), terminal.columns)) terminal.print(line);
    });
}

function showCommand(terminal: Terminal): Command {
  return outputOptions(new Command('show'))
    .description(
      'show the texts of a template as they are written: those of the message store, else those of the module',
    )
    .argument('<slug>', 'its slug')
    .argument('[module]', storeHelp)
    .option('--number <version>', 'a version that a record names (default: the latest)', positiveNumber)
    .addHelpText('after', '\nExample:   pushrail templates show welcome ./push.js')
    .action(
      async (
        slug: string,
        path: string | undefined,
        { json, number: version, ...options }: OutputOptions & { number?: number },
      ) => {
        await using service = await storeService(path, terminal, options);
        const inCode = version === undefined ? codeOf(service).find((each) => each.slug === slug) : undefined;
        const stored = await service.templates.get(slug, { version }).catch((error: unknown) => {
          if (inCode === undefined || !(error instanceof ConfigurationError)) throw error;
          return undefined;
        });
        const template = stored ?? inCode;
        if (template === undefined) throw new CommandFailed(`The message store keeps no template "${slug}".`);
        if (json) terminal.print(jsonLine(template));
        else for (const line of linesOf(template, Date.now(), terminal.columns)) terminal.print(line);
      },
    );
}

function previewCommand(terminal: Terminal): Command {
  return outputOptions(new Command('preview'))
    .description('render a template, of the store or of the module, and send nothing')
    .argument('<slug>', 'its slug')
    .argument('[module]', storeHelp)
    .option('-c, --context <json>', 'the variables', contextValue, {})
    .option('-l, --locale <locale>', 'such as de-AT (default: the texts of every other language)')
    .addHelpText(
      'after',
      `\nExample:   pushrail templates preview welcome ./push.js --context '{"name":"Ann"}' --locale de`,
    )
    .action(
      async (
        slug: string,
        path: string | undefined,
        { json, context, locale, ...options }: OutputOptions & { context: object; locale?: string },
      ) => {
        await using service = await storeService(path, terminal, options);
        const rendered = await service.renderTemplate({ slug, context, locale });
        if (json) terminal.print(jsonLine(rendered));
        else for (const line of named(textsOf(rendered), terminal.columns)) terminal.print(line);
      },
    );
}

function outputOptions(command: Command): Command {
  return command.option('--json', 'print JSON', false).option('--service <name>', serviceHelp);
}

function contextValue(text: string): object {
  const value = jsonValue(text);
  if (!isRecord(value)) throw new InvalidArgumentError(`It must be a JSON object, such as '{"name":"Ann"}'.`);
  return value;
}

/** A template of the store, or one in code. */
type Shown = Omit<SavedTemplate, 'version' | 'createdAt'> & {
  readonly version: number | 'code';
  readonly createdAt?: Date;
};

/** Another copy of this package may know no templates in code. */
function codeOf({ templates: { inCode = [] } }: PushService): readonly Shown[] {
  return inCode.map((template) => ({ ...template, version: 'code', isActive: template.isActive !== false }));
}

async function all({ templates }: PushService): Promise<SavedTemplate[]> {
  const found: SavedTemplate[] = [];
  let cursor: string | undefined;
  do {
    const page = await templates.list({ limit: 1_000, cursor });
    found.push(...page.templates);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

function linesOfList(templates: readonly Shown[], now: number, width: number | undefined): readonly string[] {
  if (templates.length === 0) return ['The message store keeps no templates.'];
  const rows = templates.map(({ slug, version, isActive, createdAt, locales = {}, title, body }) => [
    visible(slug),
    String(version),
    isActive === false ? 'no' : 'yes',
    createdAt === undefined ? '' : shortTime(now - createdAt.getTime()),
    Object.keys(locales).map(visible).join(', '),
    visible(title ?? body ?? ''),
  ]);
  const columns = [
    { title: 'SLUG', min: 8 },
    { title: 'VERSION' },
    { title: 'ACTIVE' },
    { title: 'AGE' },
    { title: 'LOCALES', min: 7 },
    { title: 'TITLE', min: 8 },
  ];
  const [slugs, ...others] = columns;
  const lines = table(columns, rows, width);
  if (lines !== undefined || slugs === undefined) return lines ?? [];
  // On a narrow terminal, the title goes, and then all but the slug.
  const shorter = table(
    [slugs, ...others.slice(0, 3)],
    rows.map((row) => row.slice(0, 4)),
    width,
  );
  return shorter ?? rows.map(([slug = '']) => slug);
}

function linesOf(template: Shown, now: number, width: number | undefined): readonly string[] {
  const { slug, version, isActive, createdAt, event, html, locales = {} } = template;
  const lines = named(
    [
      ['slug', visible(slug)],
      ['version', String(version)],
      ['active', isActive === false ? 'no: it is not sent' : 'yes'],
      ['saved', createdAt && timeText(createdAt, now)],
      ['event', event && visible(event)],
      ['html', html?.map(visible).join(', ')],
      ...textsOf(template),
    ],
    width,
  );
  const localised = Object.entries(locales).flatMap(([locale, texts]) => [
    `in ${visible(locale)}:`,
    ...named(textsOf(texts), width),
  ]);
  return [...lines, ...localised];
}

type Texts = Pick<RenderedTemplate, 'title' | 'body' | 'url' | 'data' | 'locale'>;

function textsOf({ title, body, url, data, locale }: Texts): readonly (readonly [string, string | undefined])[] {
  return [
    ['title', shown(title)],
    ['body', shown(body)],
    ['url', shown(url)],
    ['data', data === undefined ? undefined : jsonLine(data)],
    ['locale', shown(locale)],
  ];
}

/** A text with its line breaks, and nothing else that a terminal would obey. */
function shown(text: string | undefined): string | undefined {
  return text?.split('\n').map(visible).join('\n');
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Liquid } from 'liquidjs';
import { describe, expect, it } from 'vitest';
import { PushTemplate, type RenderedTemplate, type TemplateParts, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

/** A template without a service. */
class Trial extends PushTemplate<object, string> {
  readonly slug = 'trial';

  constructor(parts: TemplateParts) {
    super();
    Object.assign(this, parts);
  }
}

const rendered = (parts: TemplateParts, context: object = {}): Promise<RenderedTemplate> =>
  new Trial(parts).render(context);
const body = async (text: string, context: object = {}): Promise<string | undefined> =>
  (await rendered({ body: text }, context)).body;
const failing = async (text: string, context: object = {}): Promise<string> =>
  (await failureOf(ValidationError, body(text, context))).message;

describe('a template reads no file', () => {
  it('by no tag, with no path', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pushrail-templates-'));
    writeFileSync(join(directory, 'secret.liquid'), 'secret');
    try {
      const absolute = join(directory, 'secret.liquid');
      // LiquidJS by itself does.
      expect(new Liquid({ root: directory }).parseAndRenderSync("{% include 'secret.liquid' %}")).toBe('secret');
      const paths = [absolute, relative(process.cwd(), absolute), './package.json', '../../etc/passwd', '/etc/passwd'];
      for (const tag of ['include', 'render', 'layout'])
        for (const path of paths) {
          expect(await failing(`{% ${tag} '${path}' %}`)).toContain(`there is no tag "${tag}"`);
          expect(await failing(`{% ${tag} path %}`, { path })).toContain(`there is no tag "${tag}"`);
          expect(await failing(`{% liquid\n${tag} '${path}'\n%}`)).toContain(`there is no tag "${tag}"`);
        }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a template is strict', () => {
  it('names a variable that the context does not have, its line and its column', async () => {
    expect(await failing('Hi {{ user.nam }}', { user: { name: 'Ann' } })).toBe(
      'The template "trial" (from code), "body", line 1, column 7: the context has no "user.nam", near "Hi {{ user.nam }}".',
    );
    expect(await failing('a\nb {% for x in things %}{% endfor %}')).toContain('line 2, column 15: the context has no');
    expect(await failing('{{ a.b.c }}', { a: { b: {} } })).toContain('the context has no "a.b.c"');
    expect(await body('{{ a.b }}', { a: { b: null } })).toBe('');
  });

  it('lets if and default ask for what may not be there', async () => {
    expect(await body('{% if nick %}{{ nick }}{% else %}{{ name | default: "you" }}{% endif %}')).toBe('you');
    expect(await body('{{ nick | default: name }}', { name: 'Ann' })).toBe('Ann');
  });

  it('does not write an object or a promise as text', async () => {
    expect(await failing('{{ user }}', { user: { name: 'Ann' } })).toContain('it outputs an object');
    expect(await failing('{{ user }}', { user: Object.create(null) })).toContain('it outputs an object');
    expect(await failing('{{ user }}', { user: Promise.resolve('Ann') })).toContain('it outputs a promise');
    expect(await body('{{ user | json }}', { user: { name: 'Ann' } })).toBe('{"name":"Ann"}');
  });
});

describe('a template does not reach prototypes', () => {
  it('by any of their names', async () => {
    const context = { text: 'x', list: [1], object: {}, run: () => 1, date: new Date(0) };
    const names = [
      'constructor',
      '__proto__',
      'prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      '__defineGetter__',
    ];
    for (const name of names) {
      expect(await failing(`{{ ${name} }}`, context), name).toContain('the context has no');
      for (const owner of ['text', 'list', 'object', 'date'])
        for (const path of [`${owner}.${name}`, `${owner}["${name}"]`, `${owner}[name]`])
          expect(await failing(`{{ ${path} }}`, { ...context, name }), path).toContain('the context has no');
      expect(await body(`{{ list | map: "${name}" | compact | size }}`, context)).toBe('0');
    }
  });

  it('and changes neither the context nor a prototype', async () => {
    const context = { count: 5, list: [3, 1, 2], user: { name: 'Ann' } };
    const text =
      '{% increment count %}{% assign user = 1 %}{% assign __proto__ = 2 %}{% increment constructor %}' +
      '{% capture toString %}x{% endcapture %}{{ list | sort | join }}{{ list | reverse | join }}{{ list | push: 9 | join }}';
    await body(text, context);
    expect(context).toEqual({ count: 5, list: [3, 1, 2], user: { name: 'Ann' } });
    expect(Reflect.get({}, 'constructor')).toBe(Object);
    expect(String({})).toBe('[object Object]');
  });

  it('reads keys that are named like them where the context has them itself', async () => {
    const context = JSON.parse('{ "__proto__": { "x": 1 }, "constructor": "mine" }') as object;
    expect(await body('{{ constructor }} {{ __proto__.x }}', context)).toBe('mine 1');
  });
});

describe('what a user wrote is never parsed', () => {
  it('in no text and in no argument of a filter', async () => {
    const input = '{{ secret }}{% include "x" %}';
    const data = { n: '{{ input }}', t: 'a {{ input }}', '{{ input }}': 1 };
    const context = { input, secret: 'leaked' };
    expect(await rendered({ title: '{{ input }}', data }, context)).toEqual({
      title: input,
      data: { n: input, t: `a ${input}`, '{{ input }}': 1 },
    });
    for (const filter of ['where_exp', 'reject_exp', 'group_by_exp', 'has_exp', 'find_exp', 'find_index_exp'])
      expect(await failing(`{{ list | ${filter}: "x", input }}`, { list: [1], input: 'x' })).toContain(
        `there is no filter "${filter}"`,
      );
  });

  it('nor taken for Liquid when it comes by an override', async () => {
    class Named extends Trial {
      override getTitle(): string {
        return 'Hi {{ name }}';
      }
    }
    expect(await new Named({}).render({ name: '{{ 1 | plus: 1 }}' })).toEqual({ title: 'Hi {{ 1 | plus: 1 }}' });
  });
});

describe('a template ends', () => {
  const tooLong = 'takes longer than 1000 ms';
  const tooMuch = 'makes more than 1000000 characters and list items';

  it('a loop that renders nothing', async () => {
    const nested = '{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}';
    expect(await failing(nested)).toMatch(/takes longer|makes more/);
    const list = Array.from({ length: 10_000 }, (_, index) => index);
    const ofContext = '{% for a in list %}{% for b in list %}{% if a == -1 %}x{% endif %}{% endfor %}{% endfor %}';
    expect(await failing(ofContext, { list })).toContain(tooLong);
  });

  it('a loop of filters, of comparisons, and of lists that are sorted', async () => {
    const list = Array.from({ length: 5_000 }, (_, index) => `${index}`);
    for (const work of ['{% if list contains "x" %}{% endif %}', '{{ list | sum | minus: 0 | slice: 0, 0 }}'])
      expect(await failing(`{% for a in list %}{% for b in list %}${work}{% endfor %}{% endfor %}`, { list })).toMatch(
        /takes longer|makes more/,
      );
  });

  it('a range, a list and a text that are very large', async () => {
    expect(await failing('{% for a in (1..1000000000) %}{% endfor %}')).toContain(tooMuch);
    expect(await failing('{{ (1..99999999999) | size }}')).toContain(tooMuch);
    const doubled = (step: string): string => `{% assign a = "0123456789" %}{% for i in (1..60) %}${step}{% endfor %}`;
    expect(await failing(doubled('{% assign a = a | append: a %}'))).toContain(tooMuch);
    expect(await failing(doubled('{% capture a %}{{ a }}{{ a }}{% endcapture %}'))).toContain(tooMuch);
    expect(await failing(doubled('{% assign a = a | replace: "0", a %}'))).toContain(tooMuch);
    expect(await failing('{{ "x" | date: "%Y" | times: 1 | json }}{{ "now" | date: "%999999999Y" }}')).toContain(
      tooMuch,
    );
    expect(await failing('{{ "now" | date: "%999999999N" }}')).toContain(tooMuch);
  });

  it('lists within lists that double with each turn', async () => {
    const growing =
      '{% assign a = "x" | split: "," %}{% for i in (1..60) %}{% assign b = "" | split: "," | push: a | push: a %}{% assign a = b %}{% endfor %}{{ a }}';
    expect(await failing(growing)).toContain('it makes lists within lists of more than 1000000 values');
    const shifted = growing.replaceAll('push', 'unshift');
    expect(await failing(shifted)).toContain('lists within lists');
    const grouped =
      '{% assign a = "x" | split: "," %}{% for i in (1..60) %}{% assign a = a | group_by: "size" | map: "items" | concat: a | push: a %}{% endfor %}{{ a }}';
    expect(await failing(grouped)).toMatch(/lists within lists|makes more|takes longer|has no/);
  });

  it('an output that is very large, of all texts together', async () => {
    const long = `{% for i in (1..500) %}${'x'.repeat(1_000)}{% endfor %}`;
    expect((await body(long))?.length).toBe(500_000);
    expect(await failing(long + long + long)).toContain(tooMuch);
    const failure = await failureOf(ValidationError, rendered({ title: long, body: long, data: { more: long } }));
    expect(failure.message).toContain(tooMuch);
    expect(await failing(`{% capture x %}${long}${long}{% endcapture %}{{ x }}`)).toContain(tooMuch);
    expect(await failing('{{ text }}{{ text }}', { text: 'x'.repeat(600_000) })).toContain(tooMuch);
  });

  it('values that are very large, of all texts together', async () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => ({ name: `row ${index}` }));
    const made = (times: number): Promise<unknown> =>
      rendered({ data: Array.from({ length: times }, () => '{{ rows }}') }, { rows });
    expect(await made(2)).toEqual({ data: [rows, rows] });
    expect((await failureOf(ValidationError, made(60))).message).toContain(tooMuch);
    const endless: unknown[] = [];
    endless.push(endless);
    const failure = await failureOf(ValidationError, rendered({ data: ['{{ endless }}'] }, { endless }));
    expect(failure.message).toContain(tooMuch);
  });

  it('a text that is longer than what is parsed', async () => {
    expect(await failing(`{{ 1 }}${'x'.repeat(100_000)}`)).toContain('it is longer than 100000 characters');
    expect(await body(`{{ 1 }}${'x'.repeat(90_000)}`)).toHaveLength(90_001);
  });

  it('what is nested deeply, or refers back to itself', async () => {
    const deep = (open: string, close: string, times: number): string => open.repeat(times) + close.repeat(times);
    expect(await failing(deep('{% if true %}', '{% endif %}', 4_000))).toMatch(/nested too deeply/);
    expect(await failing(`{{ a${deep('[a', ']', 20_000)} }}`, { a: 1 })).toMatch(/nested too deeply|longer than/);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(await failing('{{ cycle }}', { cycle })).toContain('nested too deeply, or refers back to itself');
    expect(await failing('{{ cycle | compact | size }}', { cycle })).toMatch(/nested too deeply|lists within lists/);
    const data: Record<string, unknown> = {};
    data['self'] = data;
    await expect(rendered({ data: data as never })).rejects.toThrow('"data": it is nested too deeply, or refers back');
  });

  it('a date with an odd format, an odd time zone, and what is no date', async () => {
    const context = { at: '2026-11-28T12:00:00Z' };
    expect(
      await body('{{ at | date: "%", "UTC" }}|{{ at | date: "%Q%!%-", "UTC" }}|{{ "x" | date: "%Y" }}', context),
    ).toBe('%|%Q%!%-|x');
    expect(await body('{{ at | date: "%Y-%m-%d %H:%M", "UTC" }}', context)).toBe('2026-11-28 12:00');
    expect(await failing('{{ at | date: "%Y", "Nowhere/Land" }}', context)).toContain('"body", line 1, column 1');
    expect((await body(`{{ at | date: "${'%-'.repeat(20_000)}" }}`, context))?.length).toBe(20_000);
  });

  it('arithmetic that leaves the numbers', async () => {
    expect(await body('{{ n | times: n }} {{ 1 | divided_by: 0 }} {{ "x" | times: 3 }}', { n: 9e300 })).toBe(
      'Infinity Infinity 0',
    );
    expect(await rendered({ data: { n: '{{ n | times: n }}' } }, { n: 9e300 })).toEqual({ data: { n: Infinity } });
  });

  it('within its limit of time, for all its texts', async () => {
    const slow = `{% for a in list %}{% for b in list %}{% endfor %}{% endfor %}`;
    const list = Array.from({ length: 700 }, () => 1);
    const data = Array.from({ length: 200 }, () => slow);
    const failure = await failureOf(ValidationError, rendered({ data }, { list }));
    expect(failure.message).toContain(tooLong);
  });
});

describe('a context of an application', () => {
  it('may have functions and getters, whose failures name the template', async () => {
    const context = {
      now: () => 'noon',
      get broken(): string {
        throw new Error('the session is gone');
      },
    };
    expect(await body('{{ now }}', { now: () => 'noon' })).toBe('noon');
    expect(await failing('{{ now }}', context)).toContain('The template "trial" (from code), "body": ');
  });

  it('does not show in an error, which is one line and has no cause', async () => {
    const cycle: Record<string, unknown> = { name: 'secret' };
    cycle['secretKey'] = { cycle };
    const throwing = (): string => {
      throw Object.assign(new TypeError('secret\nsecret'), { secret: 'secret' });
    };
    const posing = (): string => {
      throw Object.assign(new Error('undefined filter: secret'), { name: 'RenderError', token: undefined });
    };
    const context = {
      cycle,
      key: 'secret',
      other: 'secret?!',
      list: [],
      text: { toString: throwing },
      json: { toJSON: throwing },
      posing: { toString: posing },
      refusing: {
        toString() {
          throw new ValidationError('secret');
        },
      },
      big: 10n,
      inner: Object.defineProperty({}, 'read', { get: throwing, enumerable: true }),
      call: throwing,
    };
    const texts = [
      '{{ cycle | json }}',
      '{{ text }}',
      '{{ text | upcase }}',
      '{{ json | json }}',
      '{{ posing }}',
      '{{ refusing }}',
      '{{ big | json }}',
      '{{ inner.read }}',
      '{{ call }}',
      '{{ list[key] }}',
      '{{ other | base64_decode }}',
      '{% for a in list\n %}{% endfor %}{{ text\n }}',
    ];
    for (const text of texts) {
      const failure = await failureOf(ValidationError, body(text, context));
      expect(failure.message, text).toMatch(/^The template "trial" \(from code\), "body"[^\n\r]*\.$/);
      expect(`${failure.stack} ${JSON.stringify(failure)}`, text).not.toContain('secret');
      expect(failure.cause, text).toBeUndefined();
    }
    expect(await failing('{{ cycle | json }}', context)).toContain(
      'line 1, column 1: a value of the context cannot be read, or cannot be written as a text, near "{{ cycle | json }}".',
    );
    expect(await failing('{{ list[key] }}', context)).toContain('the context has not what it names, near "');
    expect(await failing('{{ list.first.name }}', context)).toContain('the context has no "list.first"');
    expect(await failing('{{ now\n| nothing }}')).toMatch(/there is no filter "nothing", near "[^\n]*"\.$/);
    expect(await failing('{% if a\n %}')).toMatch(/^[^\n]*tag \{% if a %\} not closed, near "[^\n]*"\.$/);
  });
});

import { describe, expect, it } from 'vitest';
import { PushTemplate, type RenderedTemplate, type TemplateParts, ValidationError } from '../../src/index.js';
import { ParsedTexts } from '../../src/templates/parsed-texts.js';
import { faultOfUrl } from '../../src/templates/url.js';
import { failureOf } from '../support/failure-of.js';

class Trial extends PushTemplate<object, string> {
  readonly slug = 'trial';

  constructor(parts: TemplateParts) {
    super();
    Object.assign(this, parts);
  }
}

const rendered = (parts: TemplateParts, context: object = {}, locale?: string): Promise<RenderedTemplate> =>
  new Trial(parts).render(context, locale);

describe('the texts for a locale', () => {
  const parts = {
    title: 'Hello',
    body: 'World',
    url: '/en',
    locales: {
      de: { title: 'Hallo', body: 'Welt' },
      'de-AT': { title: 'Servus' },
      'zh-Hant': { title: '你好' },
    },
  };

  it('come from de-AT, then de, then the texts of every other language, field by field', async () => {
    expect(await rendered(parts, {}, 'de-AT')).toEqual({ title: 'Servus', body: 'Welt', url: '/en', locale: 'de-AT' });
    expect(await rendered(parts, {}, 'de-CH')).toEqual({ title: 'Hallo', body: 'Welt', url: '/en', locale: 'de' });
    expect(await rendered(parts, {}, 'fr')).toEqual({ title: 'Hello', body: 'World', url: '/en' });
    expect(await rendered(parts)).toEqual({ title: 'Hello', body: 'World', url: '/en' });
  });

  it('are found whatever the case of the locale, and by its script', async () => {
    expect(await rendered(parts, {}, 'DE-at')).toMatchObject({ title: 'Servus', locale: 'de-AT' });
    expect(await rendered(parts, {}, 'zh-Hant-TW')).toMatchObject({ title: '你好' });
    expect(await rendered(parts, {}, 'de-u-co-phonebk')).toMatchObject({ title: 'Hallo' });
  });

  it('are refused for what is no locale', async () => {
    for (const locale of ['', 'de_AT', 'd', 'english please', '../de', '__proto__', 'de-'])
      await expect(rendered(parts, {}, locale), locale).rejects.toThrow('"locale" must be a locale, such as "de"');
    await expect(rendered(parts, {}, 7 as never)).rejects.toThrow('not a value of type number');
  });

  it('write dates in its language', async () => {
    const date = { at: '2026-11-28T12:00:00Z' };
    expect(await rendered({ body: '{{ at | date: "%-d. %B", "UTC" }}' }, date, 'de')).toMatchObject({
      body: '28. November',
    });
    expect(await rendered({ body: '{{ at | date: "%A", "UTC" }}' }, date, 'fr')).toMatchObject({ body: 'samedi' });
  });

  it('name their locale in an error', async () => {
    const failure = await failureOf(ValidationError, rendered({ locales: { de: { body: '{{ x }}' } } }, {}, 'de-AT'));
    expect(failure.message).toContain('"body" in "de", line 1, column 4: the context has no "x"');
  });
});

describe('data', () => {
  it('becomes the value where a text is one output, and a text elsewhere', async () => {
    const data = {
      n: '{{ n }}',
      yes: '{{ yes }}',
      o: '{{ o }}',
      none: '{{ none }}',
      t: '{{ n }}!',
      s: ' {{ n }}',
      k: 7,
    };
    const context = { n: 3, yes: true, o: { a: [1] }, none: null };
    expect(await rendered({ data }, context)).toEqual({
      data: { n: 3, yes: true, o: { a: [1] }, none: null, t: '3!', s: ' 3', k: 7 },
    });
    expect(await rendered({ data: '{{ n | plus: 1 }}' }, context)).toEqual({ data: 4 });
    expect(await rendered({ data: ['{% if yes %}{{ n }}{% endif %}'] }, context)).toEqual({ data: ['3'] });
  });

  it('is escaped in the keys that are HTML, at any depth, and nowhere else', async () => {
    const name = '<b title="x">O\'Neil & Co</b>';
    const escaped = '&lt;b title=&#34;x&#34;&gt;O&#39;Neil &amp; Co&lt;/b&gt;';
    const output = '<p>{{ name }}</p>';
    const parts = {
      title: output,
      html: ['message'],
      data: {
        text: output,
        message: { list: [output, '{{ name }}', '{% echo name %}', '{% cycle name, 1 %}', '{{ name | raw }}'] },
        other: { message: output },
      },
    };
    const plain = `<p>${name}</p>`;
    expect(await rendered(parts, { name })).toEqual({
      title: plain,
      data: {
        text: plain,
        message: { list: [`<p>${escaped}</p>`, escaped, escaped, escaped, name] },
        other: { message: plain },
      },
    });
  });

  it('is escaped once where a text escapes by itself', async () => {
    const texts = ['{{ x | escape }}', '{{ x | xml_escape }}', '{{ x | escape_once }}', '{% echo x | escape %}'];
    expect(await rendered({ html: ['message'], data: { message: texts } }, { x: '<&' })).toEqual({
      data: { message: ['&lt;&amp;', '&lt;&amp;', '&lt;&amp;', '&lt;&amp;'] },
    });
    expect(await rendered({ html: ['m'], data: { m: '{{ x | escape | append: x }}' } }, { x: '<' })).toEqual({
      data: { m: '&amp;lt;&lt;' },
    });
  });

  it('keeps what is no text, and its keys', async () => {
    const data = JSON.parse('{ "__proto__": "{{ n }}", "list": [1, null, true, "{{ n }}"] }') as never;
    const { data: made } = await rendered({ data }, { n: 1 });
    expect(Object.hasOwn(made as object, '__proto__')).toBe(true);
    expect(JSON.stringify(made)).toBe('{"__proto__":1,"list":[1,null,true,1]}');
  });
});

describe('the address of a notification', () => {
  it('may be of http, of https, or relative', async () => {
    for (const url of [
      '/a b',
      'orders/7',
      '?q=1',
      '#x',
      'http://shop.example/',
      'HTTPS://Shop.example',
      '//cdn.example/x',
      '../up',
    ])
      expect(await rendered({ url: '{{ url }}' }, { url })).toEqual({ url });
    expect(await rendered({ body: 'x', url: '{% if no %}/a{% endif %}' })).toEqual({ body: 'x' });
  });

  it('is refused when it is anything else, however it is written', async () => {
    const bad = [
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      'java\nscript:alert(1)',
      'java\tscript:alert(1)',
      '\u0001javascript:alert(1)',
      ' javascript:alert(1)',
      'https://shop.example/\r\nSet-Cookie: a',
      'javascript\u0000:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'DATA:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
      'blob:https://shop.example/1',
      'intent://scan/#Intent;end',
      'mailto:ann@example.com',
      'ws://shop.example',
      'http://',
      'https://[',
      '/end ',
      '/\u0085',
    ];
    for (const url of bad) {
      expect(faultOfUrl(url), url).toBeTypeOf('string');
      const failure = await failureOf(ValidationError, rendered({ url: '{{ url }}' }, { url }));
      expect(failure.message).toContain('The template "trial" (from code), "url": the address ');
    }
    expect(faultOfUrl('mailto:a@b')).toBe(
      'must begin with http: or https:, or be relative, and not begin with mailto:',
    );
  });
});

describe('parsed texts', () => {
  it('are parsed once for a thousand renderings, and by their text', () => {
    const parsed: string[] = [];
    const texts = new ParsedTexts((text) => {
      parsed.push(text);
      return [];
    });
    for (let turn = 0; turn < 1_000; turn++) for (const text of ['a', 'b']) texts.get(text);
    expect(parsed).toEqual(['a', 'b']);
  });

  it('are at most a thousand, and a million characters: the one that was used least recently goes', () => {
    let count = 0;
    const texts = new ParsedTexts(() => {
      count++;
      return [];
    });
    for (let number = 0; number < 1_000; number++) texts.get(`${number}`);
    texts.get('0');
    texts.get('new');
    texts.get('0');
    expect(count).toBe(1_001);
    texts.get('1');
    expect(count).toBe(1_002);
    const long = (letter: string): string => letter.repeat(400_000);
    for (const letter of ['x', 'y', 'z']) texts.get(long(letter));
    expect(count).toBe(1_005);
    texts.get(long('z'));
    texts.get(long('y'));
    expect(count).toBe(1_005);
    texts.get(long('x'));
    expect(count).toBe(1_006);
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { languageCode } from '../../../src/backends/onesignal/notification.js';
import { ValidationError } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

describe('a language', () => {
  it.each([
    ['en', 'en'],
    ['en-GB', 'en'],
    ['pt-BR', 'pt'],
    ['zh', 'zh-Hans'],
    ['zh-CN', 'zh-Hans'],
    ['zh-TW', 'zh-Hant'],
    ['zh-Hant-HK', 'zh-Hant'],
    ['no', 'nb'],
    ['nn-NO', 'nb'],
    ['iw', 'he'],
    ['DE-at', 'de'],
  ])('%s is OneSignal’s %s', (tag, code) => {
    expect(languageCode(tag)).toBe(code);
  });

  it.each(['', 'en_US', 'und', 'english', 'no such language'])('is not "%s"', async (tag) => {
    const failure = await failureOf(ValidationError, () => languageCode(tag));
    expect(failure.message).toContain(`"${tag}" is not a BCP 47 language tag`);
  });
});

describe('a notification', () => {
  it('is shown with its title, its body and its address', async () => {
    const { requestOf } = await start(onTestFinished);
    const request = await requestOf({}, { title: 'Order 42', body: 'On its way', url: 'https://example.com/42' });
    expect(request).toMatchObject({
      headings: { en: 'Order 42' },
      contents: { en: 'On its way' },
      url: 'https://example.com/42',
    });
    expect(Object.keys(request)).not.toContain('content_available');
    expect(Object.keys(request)).not.toContain('priority');
  });

  it('of a title alone has it as its content', async () => {
    const { requestOf } = await start(onTestFinished);
    const request = await requestOf({ translations: { fr: { title: 'Bonjour' } } }, { title: 'Hello' });
    expect(request['contents']).toEqual({ en: 'Hello', fr: 'Bonjour' });
    expect(Object.keys(request)).not.toContain('headings');
  });

  it('of a body alone has no heading, in no language', async () => {
    const { requestOf } = await start(onTestFinished);
    const request = await requestOf({ translations: { fr: { body: 'Bonjour' } } }, { title: undefined, body: 'Hello' });
    expect(request['contents']).toEqual({ en: 'Hello', fr: 'Bonjour' });
    expect(Object.keys(request)).not.toContain('headings');
    const failure = await failureOf(
      ValidationError,
      requestOf({ translations: { fr: { title: 'Bon', body: 'jour' } } }, { title: undefined, body: 'Hello' }),
    );
    expect(failure.message).toContain('it must have no "title", because the notification has none');
  });

  it('without English goes as English, too, which is said once', async () => {
    const { requestOf, logger } = await start(onTestFinished);
    const german = { title: 'Bestellung', body: 'Unterwegs', locale: 'de-AT' };
    const request = await requestOf({}, german);
    await requestOf({}, german);
    expect(request).toMatchObject({
      headings: { de: 'Bestellung', en: 'Bestellung' },
      contents: { de: 'Unterwegs', en: 'Unterwegs' },
    });
    expect(logger.entries).toMatchObject([{ level: 'warn', details: { backend: 'onesignal', language: 'de' } }]);
    expect(logger.entries[0]?.text).toContain('no English texts');
  });

  it('is in the language of the settings, who need not be told', async () => {
    const { requestOf, logger } = await start(onTestFinished, { options: { language: 'de' } });
    expect(await requestOf({}, { title: 'Hallo' })).toMatchObject({ contents: { de: 'Hallo', en: 'Hallo' } });
    expect(await requestOf({}, { title: 'Hello', locale: 'en' })).toMatchObject({ contents: { en: 'Hello' } });
    expect(logger.entries).toEqual([]);
  });

  it('goes in as many languages as there are translations', async () => {
    const { requestOf, logger } = await start(onTestFinished);
    const translations = { 'en-GB': { title: 'Order', body: 'Shipped' }, 'zh-TW': { title: '訂單', body: '已出貨' } };
    const request = await requestOf({ translations }, { title: 'Bestellung', body: 'Unterwegs', locale: 'de' });
    expect(request).toMatchObject({
      headings: { de: 'Bestellung', en: 'Order', 'zh-Hant': '訂單' },
      contents: { de: 'Unterwegs', en: 'Shipped', 'zh-Hant': '已出貨' },
    });
    expect(logger.entries).toEqual([]);
  });

  it.each([
    [{ en: { title: 'Hi', body: 'You' } }, 'translations.en": the language "en" has texts already.'],
    [
      { 'pt-BR': { title: 'a', body: 'b' }, 'pt-PT': { title: 'a', body: 'b' } },
      'the language "pt" has texts already.',
    ],
    [{ de: { title: 'Hallo' } }, 'translations.de": it needs a "body", because the notification has one.'],
    [{ en_US: { title: 'Hi', body: 'You' } }, '"en_US" is not a BCP 47 language tag'],
  ])('does not take the translations %j', async (translations, message) => {
    const { requestOf, provider } = await start(onTestFinished);
    const failure = await failureOf(ValidationError, requestOf({ translations }, { title: 'Hello', body: 'World' }));
    expect(failure.message).toContain(message);
    expect(provider.server.requests).toEqual([]);
  });

  it('of a title alone takes no translation with a body, and a wrong locale is refused', async () => {
    const { requestOf, provider } = await start(onTestFinished);
    const translations = { de: { title: 'Hallo', body: 'Welt' } };
    const failure = await failureOf(ValidationError, requestOf({ translations }, {}));
    expect(failure.message).toContain('it must have no "body", because the notification has none');
    await failureOf(ValidationError, requestOf({}, { locale: 'german' + '!' }));
    expect(provider.server.requests).toEqual([]);
  });
});

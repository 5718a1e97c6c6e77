import { ConfigurationError } from '../core/errors.js';
import type { MessageStore } from '../messages/store.js';

/**
 * Makes the store that a text names: `sqlite:push.db`, `postgres://…`, `mysql://…` or `memory:`.
 * @throws ConfigurationError for another text. It never shows the text, which may hold a password
 */
export async function storeOfText(text: string): Promise<MessageStore> {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(text.trim()) ?? [];
  switch (scheme.toLowerCase()) {
    case 'sqlite': {
      if (rest.includes('?'))
        throw new ConfigurationError(
          'PUSH_MESSAGES: "sqlite:FILE" takes no parameters behind a "?". For options, pass sqliteMessages({ file, … }) as "messages".',
        );
      const { sqliteMessages } = await import('../messages/sqlite/index.js');
      return sqliteMessages({ file: rest.replace(/^\/\/(?=\/|[^/])/, '') });
    }
    case 'postgres':
    case 'postgresql': {
      const { postgresMessages } = await import('../messages/postgres/index.js');
      const { address, schema } = withSchema(text.trim());
      return postgresMessages(address, schema === undefined ? {} : { schema });
    }
    case 'mysql':
    case 'mariadb': {
      const { mysqlMessages } = await import('../messages/mysql/index.js');
      return mysqlMessages(text.trim());
    }
    case 'memory': {
      const { memoryMessages } = await import('../messages/memory/index.js');
      return memoryMessages();
    }
    default:
      throw new ConfigurationError(
        'PUSH_MESSAGES must be "sqlite:FILE", such as sqlite:push.db, "postgres://USER@HOST/DATABASE", "mysql://USER@HOST/DATABASE", or "memory:".',
      );
  }
}

/** Takes the parameter `schema`, which PostgreSQL itself does not know, out of an address. */
function withSchema(text: string): { readonly address: string; readonly schema: string | undefined } {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  const schema = address?.searchParams.get('schema') ?? undefined;
  if (address === undefined || schema === undefined) return { address: text, schema };
  address.searchParams.delete('schema');
  return { address: address.href, schema };
}

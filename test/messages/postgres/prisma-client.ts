import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** What the tests use of the client that Prisma generates. */
export interface GeneratedClient {
  $connect(): Promise<void>;
  $disconnect(): Promise<void>;
  $transaction<Result>(work: (transaction: GeneratedTransaction) => Promise<Result>): Promise<Result>;
}

interface GeneratedTransaction {
  readonly order: { create(of: { readonly data: { readonly note: string } }): Promise<unknown> };
}

const schema = `
generator client {
  provider               = "prisma-client"
  output                 = "./client"
  generatedFileExtension = "ts"
  importFileExtension    = "ts"
}
datasource db {
  provider = "postgresql"
}
model Order {
  id   Int    @id @default(autoincrement())
  note String
  @@map("orders")
}
`;

/** Generates a client of Prisma's for the table `orders`, as an application does. */
export async function generateClient(): Promise<new (options: object) => GeneratedClient> {
  const directory = `${import.meta.dirname}/../.run-prisma-${process.pid}`;
  mkdirSync(directory, { recursive: true });
  try {
    writeFileSync(`${directory}/schema.prisma`, schema);
    const command = createRequire(import.meta.url).resolve('prisma/build/index.js');
    execFileSync(process.execPath, [command, 'generate', '--schema', `${directory}/schema.prisma`, '--no-hints'], {
      cwd: directory,
      // It would fetch a program that only migrations use.
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
      stdio: 'pipe',
    });
    const made = (await import(pathToFileURL(`${directory}/client/client.ts`).href)) as {
      readonly PrismaClient: new (options: object) => GeneratedClient;
    };
    return made.PrismaClient;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

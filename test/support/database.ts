import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { testServers } from './servers.ts';

export interface TestDatabase {
  readonly url: string;
  /** Removes the database and ends the connections that are left to it. */
  readonly drop: () => Promise<void>;
}

/** A new, empty database with a random name on the test server. Call drop() in `after`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl } = await testServers();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await run(postgresUrl, `CREATE DATABASE ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

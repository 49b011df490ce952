import pg from 'pg';
import { POSTGRES_SUPERUSER } from './postgres-cluster.ts';

/** The database of the local stack. The account owns it and its schemas, and is not a superuser. */
export const LOCAL_DATABASE = {
  name: 'ml_pipeline',
  account: 'ml_pipeline',
  schemas: ['raw_data', 'feature_mart', 'spine_data', 'feast_registry'],
} as const;

export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly superuserPassword: string;
  /** Of the account `ml_pipeline`. */
  readonly password: string;
}

/** Makes sure of the account and its password, the database and its schemas, on a native server or one in a container. Safe to repeat and to race. */
export async function prepareDatabase(server: DatabaseServer): Promise<void> {
  const { name, account, schemas } = LOCAL_DATABASE;
  await asSuperuser(server, 'postgres', async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', ['ml-pipeline set-up']); // ends with the session
    const { rowCount: accounts } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [account]);
    await client.query(`${accounts === 0 ? 'CREATE' : 'ALTER'} ROLE ${account} LOGIN PASSWORD ${client.escapeLiteral(server.password)}`);
    const { rowCount: databases } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (databases === 0) await client.query(`CREATE DATABASE ${name} OWNER ${account}`);
    await client.query(`ALTER DATABASE ${name} SET timezone TO 'UTC'`);
    await asSuperuser(server, name, async (inside) => {
      for (const schema of schemas) await inside.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${account}`);
    });
  });
}

async function asSuperuser(server: DatabaseServer, database: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ host: server.host, port: server.port, user: POSTGRES_SUPERUSER, password: server.superuserPassword, database, connectionTimeoutMillis: 10_000, options: '-c client_min_messages=warning' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** Makes the local stack's account, database and schemas on the server that POSTGRES_HOST and POSTGRES_PORT name. Safe to repeat. */
import { prepareDatabase } from '../adapters/local-stack/database.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is empty.`);
  return value;
}

await prepareDatabase({ host: setting('POSTGRES_HOST'), port: Number(setting('POSTGRES_PORT')), superuserPassword: setting('POSTGRES_SUPERUSER_PASSWORD'), password: setting('POSTGRES_PASSWORD') });
console.log('database: prepared');

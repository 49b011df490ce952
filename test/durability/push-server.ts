/** The feature server's push route over PostgreSQL as a process of its own. */
import { createPostgresPushLog } from '../../adapters/postgres/push-log.ts';
import { servePushes } from './serve-pushes.ts';

const { postgresUrl, ...options } = JSON.parse(process.argv[2]!) as { readonly postgresUrl: string; readonly redisUrl: string; readonly project: string };
await servePushes(createPostgresPushLog({ connectionString: postgresUrl }), options);

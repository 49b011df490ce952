/** The feature server's push route over BigQuery as a process of its own, which kills itself before the call of the ledger that it is told. */
import { openBigQuery, type BigQuerySettings } from '../../adapters/bigquery/connection.ts';
import { createBigQueryPushLog } from '../../adapters/bigquery/push-log.ts';
import { createRedisPushLedger } from '../../adapters/redis/push-ledger.ts';
import type { PushLedger } from '../../ports/push-ledger.ts';
import { servePushes } from './serve-pushes.ts';

const { bigquery, redisUrl, project, killBefore } = JSON.parse(process.argv[2]!) as { readonly bigquery: BigQuerySettings; readonly redisUrl: string; readonly project: string; readonly killBefore?: keyof PushLedger };
const ledger = createRedisPushLedger({ url: redisUrl, project, leaseMs: 1_500 });
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
await servePushes(createBigQueryPushLog({ connection: openBigQuery(bigquery), ledger: killBefore === undefined ? ledger : { ...ledger, [killBefore]: die }, appendMs: 1_000 }), { redisUrl, project });

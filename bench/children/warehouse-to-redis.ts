/** The newest rows of one view into Redis, as a slice of a materialization is written, from BigQuery or from PostgreSQL. */
import { writeSlice } from '../../activities/write-slice.ts';
import type { BigQuerySettings } from '../../adapters/bigquery/connection.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import { childTask } from '../support/child-task.ts';
import { connectionParts } from '../support/connections.ts';
import { FIRST_EVENT, KEY_TTL_SECONDS, PROJECT, wideRepository } from '../support/wide-table.ts';

interface Options {
  readonly source: { readonly bigquery: BigQuerySettings } | { readonly postgresUrl: string };
  readonly redisUrl: string;
  readonly table: string;
}

/** `seconds`: from the first rows that the warehouse gives to the last that is written, so that its query is left out. */
await childTask(async ({ source, redisUrl, table }: Options) => {
  const { host, port, password } = connectionParts(redisUrl);
  const onlineStore = createRedisOnlineStore({ host, port, password, project: PROJECT, keyTtlSeconds: KEY_TTL_SECONDS });
  const opened = await openWarehouse(source);
  await onlineStore.ping();
  let first = 0;
  const warehouse: Warehouse = {
    ...opened,
    newestRows: async (request) => {
      const { schema, batches } = await opened.newestRows(request);
      return { schema, batches: (async function* () { for await (const batch of batches) { if (first === 0) first = performance.now(); yield batch; } })() };
    },
  };
  const start = formatInstant(FIRST_EVENT);
  const window = { view: snapshotView(wideRepository(table), 'wide'), start, end: formatInstant(FIRST_EVENT + 86_400_000_000), slices: 1 };
  const { written } = await writeSlice({ warehouse, onlineStore }, { window, index: 0 }, { signal: new AbortController().signal, report: () => undefined, cursor: undefined, run: `bench-${process.pid}` });
  const seconds = (performance.now() - first) / 1000;
  await warehouse.close();
  await onlineStore.close();
  return { seconds, written };
});

async function openWarehouse(source: Options['source']): Promise<Warehouse> {
  if ('bigquery' in source) return (await import('../../adapters/bigquery/warehouse.ts')).createBigQueryWarehouse(source.bigquery);
  return (await import('../../adapters/postgres/warehouse.ts')).createPostgresWarehouse({ connectionString: source.postgresUrl });
}

import type { BigQuerySettings } from '../adapters/bigquery/connection.ts';
import type { Ports } from '../ports/ports.ts';
import type { AppConfig } from './app-config.ts';
import { onlineStoreOptions } from './online-store-options.ts';
import { pricePerTib } from '../domain/cost/price-list.ts';
import { loadPriceList } from './prices.ts';
import { postgresUrl, type BigQueryWarehouseSettings } from './warehouse-settings.ts';

type WarehousePorts = Pick<Ports, 'warehouse' | 'pushLog'>;

/** A push is a COPY of some thousand rows: what takes longer is a server that does not answer. */
const PUSH_QUERY_MS = 30_000;

/** The warehouse, and where pushes are kept in it. */
export function bindWarehouse(folder: string, config: AppConfig): Promise<WarehousePorts> {
  return config.warehouse.type === 'bigquery' ? bindBigQuery(folder, config.warehouse, config) : bindPostgres(config);
}

async function bindPostgres({ warehouse }: AppConfig): Promise<WarehousePorts> {
  const connectionString = postgresUrl(warehouse, 'the warehouse');
  const [{ createPostgresWarehouse }, { createPostgresPushLog }] = await Promise.all([import('../adapters/postgres/warehouse.ts'), import('../adapters/postgres/push-log.ts')]);
  return { warehouse: createPostgresWarehouse({ connectionString }), pushLog: createPostgresPushLog({ connectionString, queryTimeoutMs: PUSH_QUERY_MS }) };
}

async function bindBigQuery(folder: string, warehouse: BigQueryWarehouseSettings, config: AppConfig): Promise<WarehousePorts> {
  const [{ createBigQueryWarehouse }, { openBigQuery }, { createBigQueryPushLog }, { prepareWithFirstPush }, { createRedisPushLedger }] = await Promise.all([
    import('../adapters/bigquery/warehouse.ts'),
    import('../adapters/bigquery/connection.ts'),
    import('../adapters/bigquery/push-log.ts'),
    import('../adapters/bigquery/push-first.ts'),
    import('../adapters/redis/push-ledger.ts'),
  ]);
  const settings = await bigQuerySettings(folder, warehouse);
  const ledger = createRedisPushLedger({ ...onlineStoreOptions(folder, config), project: config.project });
  const connection = openBigQuery(settings);
  const pushLog = prepareWithFirstPush(createBigQueryPushLog({ connection, ledger }));
  const close = async (): Promise<void> => void (await Promise.allSettled([pushLog.close(), connection.close()]));
  return { warehouse: createBigQueryWarehouse(settings), pushLog: { ...pushLog, close } };
}

/** The adapter's settings; the price of a query is that of the project's price file. */
export async function bigQuerySettings(folder: string, { type: _, ...settings }: BigQueryWarehouseSettings): Promise<BigQuerySettings> {
  return { ...settings, usd_per_tib: pricePerTib(await loadPriceList(folder)) };
}

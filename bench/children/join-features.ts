/** Historical features by this project: the spine's table written, joined by the strategy asked for, to a Parquet file. */
import { createPostgresWarehouse } from '../../adapters/postgres/warehouse.ts';
import { writeParquetWhole } from '../../adapters/parquet/write-dataset.ts';
import { selectFeatures } from '../../domain/features/resolve.ts';
import type { JoinStrategy } from '../../ports/warehouse.ts';
import repository from '../../feature_repo/index.ts';
import { childTask, timed } from '../support/child-task.ts';

interface Options {
  readonly url: string;
  readonly spine: string;
  readonly strategy: JoinStrategy | 'auto';
  readonly output: string;
}

/** `seconds`: the join alone, of a spine that stands in the warehouse. `spineSeconds`: writing it before that. */
await childTask(async ({ url, spine: source, strategy, output }: Options) => {
  const warehouse = createPostgresWarehouse({ connectionString: url });
  await warehouse.prepare();
  const selection = selectFeatures(repository, { featureService: 'flight_delay_v1' });
  const now = Date.now() * 1000;
  const request = { name: `bench_${process.pid}`, query: { sql: `SELECT * FROM ${source}`, values: [] }, entityColumns: ['origin', 'tailnum', 'carrier'], timestampColumn: 'event_timestamp', asOfMicros: now, expiresAtMicros: now + 86_400_000_000 };
  const [spineSeconds, spine] = await timed(() => warehouse.writeSpine(request));
  const [seconds] = await timed(async () => {
    const rows = await warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection, strategy });
    await writeParquetWhole(output, rows.schema, rows.batches);
  });
  await warehouse.dropSpine(spine.table);
  await warehouse.close();
  return { seconds, spineSeconds };
});

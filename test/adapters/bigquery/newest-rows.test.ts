import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { BigQueryConnection } from '../../../adapters/bigquery/connection.ts';
import { newestRows } from '../../../adapters/bigquery/newest-rows.ts';
import { partOf, partSql } from '../../../adapters/bigquery/slice-layout.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { parseInstant } from '../../../domain/instant.ts';
import { collectRows, column, viewOf } from '../../contracts/warehouse-harness.ts';
import { openBigQueryHarness } from './harness.ts';
import type { BigQueryHarness } from './harness.ts';

const NOON = parseInstant('2024-03-10T12:00:00Z')!;
const ENTITIES = 3_000;
const VIEW = viewOf({ name: 'many', joinKeys: [{ name: 'k', type: 'Int64' }], features: [{ name: 'x', type: 'Int64' }], source: { name: 'many', table: 'feature_mart.many', timestampField: 'at' } });

describe('slices of the newest rows in BigQuery', function () {
  this.timeout(60_000);
  let harness: BigQueryHarness;
  before(async () => {
    harness = await openBigQueryHarness();
    await harness.createTable('feature_mart.many', [column('k', 'Int64'), column('x', 'Int64'), column('at', 'Timestamp')], Array.from({ length: ENTITIES }, (_, i) => [BigInt(i), BigInt(i * 3), NOON - i]));
  });
  after(() => harness.close());

  /** All slices at once, as several workers read them; how many jobs were made, and under which conditions rows were read. */
  async function readSlices(count: number, options: { readonly rows?: number; readonly step: string; readonly indices?: readonly number[] }): Promise<{ readonly slices: readonly (readonly (readonly FeatureValue[])[])[]; readonly jobs: readonly string[]; readonly restrictions: readonly string[] }> {
    const seen = { jobs: [] as string[], restrictions: [] as string[] };
    const connection = watched(harness.connection, seen);
    const window = { view: VIEW, startMicros: NOON - 86_400_000_000, endMicros: NOON };
    const read = async (index: number): Promise<readonly (readonly FeatureValue[])[]> => collectRows(await newestRows(connection, { ...window, ...options, slice: { index, count } }));
    return { slices: await Promise.all((options.indices ?? Array.from({ length: count }, (_, i) => i)).map(read)), ...seen };
  }
  const keysOf = (slices: readonly (readonly (readonly FeatureValue[])[])[]): readonly number[] => slices.flatMap((rows) => rows.map(([key]) => Number(key)));

  it('share one run of the query, and each reads the partitions of its own rows', async () => {
    const step = randomUUID();
    const { slices, jobs, restrictions } = await readSlices(3, { rows: ENTITIES, step });
    assert.deepEqual([...keysOf(slices)].sort((a, b) => a - b), Array.from({ length: ENTITIES }, (_, i) => i));
    for (const rows of slices) assert.ok(rows.length > ENTITIES / 4 && rows.every(([key], i) => i === 0 || Number(key) > Number(rows[i - 1]![0])), 'in the order of the keys');
    assert.deepEqual(jobs.map((sql) => (sql.includes('QUALIFY') ? 'newest rows' : 'counts')).sort(), ['counts', 'newest rows'], 'made by whichever comes first');
    assert.deepEqual(restrictions.map((text) => /^part = (\d+) AND row_number >= 0 AND row_number < \d+$/.exec(text)?.[1]).sort(), ['0', '1', '2']);
  });

  it('lie in the parts in which they are looked for', async () => {
    const layout = { slices: 3, parts: 4, partRows: 16 };
    const [rows] = (await harness.connection.client.query(`SELECT slice, row_number, ${partSql(layout)} AS part FROM UNNEST([0, 1, 2]) AS slice CROSS JOIN UNNEST(GENERATE_ARRAY(0, 90)) AS row_number`)) as unknown as readonly [readonly { readonly slice: number; readonly row_number: number; readonly part: number }[]];
    assert.equal(rows.length, 3 * 91);
    for (const { slice, row_number: row, part } of rows) assert.equal(part, partOf(layout, slice, row - (row % 16)), `row ${row} of slice ${slice}`);
  });

  it('are of one state of the table, also when one of them is read later', async () => {
    const step = randomUUID();
    const first = await readSlices(3, { rows: ENTITIES, step, indices: [0, 1] });
    await harness.connection.client.dataset(harness.settings.datasets.feature_mart).table('many').insert([{ k: ENTITIES, x: 1, at: '2024-03-10T11:00:00Z' }]);
    const second = await readSlices(3, { rows: ENTITIES, step, indices: [2] });
    assert.deepEqual(second.jobs, []);
    assert.deepEqual([...keysOf([...first.slices, ...second.slices])].sort((a, b) => a - b), Array.from({ length: ENTITIES }, (_, i) => i));
    const other = await readSlices(3, { rows: ENTITIES, step: randomUUID() });
    assert.equal(keysOf(other.slices).length, ENTITIES + 1, 'another run reads anew');
  });

  it('are the same where far more rows come than were expected', async () => {
    const [few, many] = await Promise.all([readSlices(2, { rows: 1, step: randomUUID() }), readSlices(2, { rows: 10_000_000, step: randomUUID() })]);
    assert.deepEqual(few.slices.map(String), many.slices.map(String));
    assert.ok(keysOf(few.slices).length >= ENTITIES);
  });
});

/** The connection, noting the SQL of the jobs that are made, and the conditions of the rows that are read. */
function watched(connection: BigQueryConnection, seen: { readonly jobs: string[]; readonly restrictions: string[] }): BigQueryConnection {
  const { client, settings } = connection;
  const noting = Object.assign(Object.create(client) as typeof client, {
    async createJob(options: Parameters<typeof client.createJob>[0]) {
      const made = await client.createJob(options);
      if (options.configuration?.dryRun !== true) seen.jobs.push(options.configuration?.query?.query ?? '');
      return made;
    },
  });
  return {
    client: noting,
    settings,
    async readClient() {
      const reader = await connection.readClient();
      const createReadSession = (request: { readonly readSession?: { readonly readOptions?: { readonly rowRestriction?: string } } }, options: object): unknown => {
        seen.restrictions.push(request.readSession?.readOptions?.rowRestriction ?? '');
        return reader.createReadSession(request as Parameters<typeof reader.createReadSession>[0], options);
      };
      return Object.assign(Object.create(reader) as typeof reader, { createReadSession });
    },
    writeClient: () => connection.writeClient(),
    close: () => Promise.resolve(),
  };
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createBigQueryWarehouse } from '../../../adapters/bigquery/warehouse.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { Warehouse } from '../../../ports/warehouse.ts';

interface Job {
  readonly configuration: { readonly dryRun?: boolean; readonly query: { readonly query: string; readonly queryParameters?: readonly object[] } };
}

/** A table's resource: cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table. The answer to a dry run: cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics */
const TABLE = { schema: { fields: [['station', 'STRING'], ['event_timestamp', 'TIMESTAMP'], ['temp', 'FLOAT64']].map(([name, type]) => ({ name, type })) } };

const VIEW: FeatureViewSnapshot = {
  name: 'weather', joinKeys: [{ name: 'station', type: 'String' }], features: [{ name: 'temp', type: 'Float64' }], ttlSeconds: 3600, online: true, asKnown: false,
  source: { name: 'weather', table: 'feature_mart.weather', timestampField: 'event_timestamp' },
} as FeatureViewSnapshot;

describe('The bytes that a read would process', () => {
  let [server, warehouse]: [Server, Warehouse] = [] as never;
  const jobs: Job[] = [];
  before(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => {
        if (request.method === 'POST') jobs.push(JSON.parse(body) as Job);
        const answer = request.method === 'POST' ? { jobReference: { projectId: 'p', jobId: 'j', location: 'us-central1' }, status: { state: 'DONE' }, statistics: { totalBytesProcessed: '5000000000', query: { statementType: 'SELECT', totalBytesProcessed: '5000000000', schema: { fields: [] } } } } : TABLE;
        response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    warehouse = createBigQueryWarehouse({ project: 'p', location: 'us-central1', maximum_bytes_billed: 1, datasets: { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' }, api_endpoint: `http://127.0.0.1:${port}` });
  });
  after(async () => {
    await warehouse.close();
    server.closeAllConnections();
    server.close();
  });

  it('are what BigQuery says of a dry run, and nothing else is run, whatever the budget', async () => {
    assert.equal(await warehouse.processedBytes!({ query: { sql: 'SELECT @p1 AS days;\n', values: [7] } }), 5_000_000_000);
    assert.equal(await warehouse.processedBytes!({ newestRows: { view: VIEW, startMicros: 0, endMicros: Date.now() * 1000 } }), 5_000_000_000);
    assert.deepEqual(jobs.map(({ configuration }) => configuration.dryRun), [true, true]);
    assert.equal(jobs[0]!.configuration.query.query, 'SELECT @p1 AS days');
    assert.equal(jobs[0]!.configuration.query.queryParameters!.length, 1);
    assert.match(jobs[1]!.configuration.query.query, /FROM `p\.feature_mart\.weather`|FROM `p`\.`feature_mart`\.`weather`/);
  });

  it('are refused of a view that does not fit its table', async () => {
    await assert.rejects(warehouse.processedBytes!({ newestRows: { view: { ...VIEW, features: [{ name: 'tmp', type: 'Float64' }] }, startMicros: 0, endMicros: 1 } }), { code: 'INVALID_DEFINITION', message: /temp/ });
  });
});

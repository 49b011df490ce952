import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { openBigQuery, type BigQueryConnection } from '../../../adapters/bigquery/connection.ts';
import { createBigQueryRegistryTable } from '../../../adapters/bigquery/registry-table.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { RegistryTable } from '../../../ports/registry-table.ts';
import { cloudServers } from '../../support/cloud-servers.ts';

describe('The table of BigQuery that shows the registry', function () {
  this.timeout(30_000);
  let connection: BigQueryConnection;
  let table: RegistryTable;
  const dataset = `registry_${randomBytes(6).toString('hex')}`;

  before(async () => {
    const { bigqueryUrl, project } = await cloudServers();
    connection = openBigQuery({ project, location: 'us-central1', datasets: { raw: 'x', feature_mart: 'x', spine: 'x', registry: dataset }, maximum_bytes_billed: 1e9, api_endpoint: bigqueryUrl });
    table = createBigQueryRegistryTable(connection);
  });
  after(async () => {
    await connection.client.dataset(dataset).delete({ force: true }).catch((error: { readonly code?: number }) => assert.equal(error.code, 404));
    await connection.close();
  });
  const row = (name: string) => ({ project: 'p', kind: 'feature view', name, definition: JSON.stringify({ spec: { name, description: 'Line\none "two" ß' } }) });
  const stored = async () => (await connection.client.query({ query: `SELECT name, definition, CAST(generation AS STRING) AS generation, updated FROM \`${dataset}.objects\` ORDER BY name` }))[0] as Record<string, unknown>[];

  it('says which data set is missing, and what to do', async () => {
    assert.equal(await table.generation(), undefined);
    await assert.rejects(table.replace([row('a')], '1'), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND' && /writing the rows of the registry/.test(error.message));
  });

  it('is written by a job with labels and a place, whose rows are there together', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => void text(request).then((body) => {
      if (request.method === 'POST') bodies.push(body);
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ jobReference: { projectId: 'p', jobId: 'x' }, status: { state: 'DONE' } }));
    })).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stub = openBigQuery({ ...connection.settings, api_endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, labels: { team: 'flights' } });
    await createBigQueryRegistryTable(stub).replace([row('a'), row('b')], '7');
    server.close();
    server.closeAllConnections();
    assert.equal(bodies.length, 1);
    const [, metadata = '', content = ''] = bodies[0]!.split(/^--.*$/m).map((part) => part.split(/\r?\n\r?\n/).slice(1).join('\n\n').trim());
    const { jobReference, configuration } = JSON.parse(metadata) as { readonly jobReference: { readonly location: string }; readonly configuration: { readonly labels: object; readonly load: Readonly<Record<string, unknown>> } };
    assert.deepEqual([jobReference.location, configuration.labels], ['us-central1', { team: 'flights', app: 'ml-pipeline', step: 'registry' }]);
    assert.deepEqual([configuration.load['writeDisposition'], configuration.load['labels'], configuration.load['location']], ['WRITE_TRUNCATE', undefined, undefined]);
    assert.deepEqual(content.split('\n').map((line) => (JSON.parse(line) as { readonly name: string }).name), ['a', 'b']);
  });

  it('is made by the first writing, and replaced as a whole by the next, with the generation of the file', async () => {
    await connection.client.createDataset(dataset, { location: 'us-central1' });
    await table.replace([row('a'), row('b')], '1763932800123456');
    assert.equal(await table.generation(), '1763932800123456');
    const first = await stored();
    assert.deepEqual(first.map(({ name, generation }) => [name, generation]), [['a', '1763932800123456'], ['b', '1763932800123456']]);
    assert.equal(first[0]!['definition'], row('a').definition);
    await table.replace([row('c')], '1763932800123457');
    assert.deepEqual((await stored()).map(({ name, generation }) => [name, generation]), [['c', '1763932800123457']]);
    assert.equal(await table.generation(), '1763932800123457');
  });
});

import assert from 'node:assert/strict';
import { postgresUrl, templateSchemas, warehouse } from '../../config/warehouse-settings.ts';
import { check } from '../../domain/validation/shape.ts';

const BIGQUERY = { type: 'bigquery', project: 'my-project', maximum_bytes_billed: 1e11 };
const problems = (value: unknown): string[] => check(warehouse, value).issues.map(({ keys, message }) => `${keys.join('.')} ${message}`);

describe('the setting warehouse', () => {
  it('is a database of PostgreSQL or data sets of BigQuery, with their usual names and place', () => {
    assert.deepEqual(problems({ type: 'postgres', host: 'h', port: 1, database: 'd', user: 'u', password: 'p' }), []);
    assert.deepEqual(check(warehouse, BIGQUERY).value, { ...BIGQUERY, location: 'us-central1', datasets: { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' } });
    assert.deepEqual(problems({ ...BIGQUERY, api_endpoint: 'http://127.0.0.1:9050', grpc_endpoint: '127.0.0.1:9060' }), []);
  });

  it('needs a budget for each query, of ten MiB at least', () => {
    assert.deepEqual(problems({ type: 'bigquery', project: 'my-project' }), ['maximum_bytes_billed is missing']);
    assert.match(problems({ ...BIGQUERY, maximum_bytes_billed: 1000 }).join(), /^maximum_bytes_billed .*10485760/);
  });

  it('is refused with a type that is none, a name that is none, a key of another type, an address with a path', () => {
    assert.match(problems({ ...BIGQUERY, type: 'bigqery' }).join(), /^type is "bigqery"/);
    assert.match(problems({ ...BIGQUERY, datasets: { raw: 'a.b' } }).join(), /^datasets\.raw /);
    assert.deepEqual(problems({ ...BIGQUERY, host: 'h' }), ['host is not known here']);
    assert.match(problems({ ...BIGQUERY, api_endpoint: 'https://x/bigquery/v2' }).join(), /^api_endpoint .*not the address/);
    assert.match(problems({ ...BIGQUERY, grpc_endpoint: 'x' }).join(), /^grpc_endpoint .*not the address/);
  });

  it('gives a connection URL for PostgreSQL alone, and templates the names of data sets', () => {
    const { value } = check(warehouse, { ...BIGQUERY, datasets: { raw: 'other_raw' } });
    assert.throws(() => postgresUrl(value, 'registry.type feast_sql'), { code: 'UNSUPPORTED', message: /registry\.type feast_sql needs the warehouse in PostgreSQL .*bigquery/ });
    assert.deepEqual(templateSchemas(value), { schemas: { raw: 'other_raw', feature_mart: 'feature_mart' } });
    const { value: local } = check(warehouse, { type: 'postgres', host: 'h', port: 1, database: 'd', user: 'a b', password: 'p@' });
    assert.equal(postgresUrl(local, 'x'), 'postgresql://a%20b:p%40@h:1/d');
    assert.deepEqual(templateSchemas(local), {});
  });
});

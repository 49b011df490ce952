import assert from 'node:assert/strict';
import { registry, registryObject, type FileRegistrySettings } from '../../config/registry-settings.ts';
import { check } from '../../domain/validation/shape.ts';

const problems = (value: unknown): string[] => check(registry, value).issues.map(({ keys, message }) => `${keys.join('.')} ${message}`);

describe('registry settings', () => {
  it('name tables in PostgreSQL, or a file in a bucket, shown by a table or not', () => {
    assert.deepEqual(check(registry, { type: 'feast_sql', schema: 'feast_registry' }).value, { type: 'feast_sql', schema: 'feast_registry' });
    const file = { type: 'feast_file', path: 'gs://my-bucket/feast/registry.db' };
    assert.deepEqual(check(registry, file).value, file);
    const shown = check(registry, { ...file, api_endpoint: 'https://private', table: { project: 'p', dataset: 'feast_registry' } });
    assert.deepEqual(shown, { value: { ...file, api_endpoint: 'https://private', table: { project: 'p', dataset: 'feast_registry', location: 'us-central1' } }, issues: [] });
  });

  it('say where the file is', () => {
    assert.deepEqual(registryObject({ type: 'feast_file', path: 'gs://my-bucket/feast/registry.db' } as FileRegistrySettings), { bucket: 'my-bucket', name: 'feast/registry.db' });
  });

  it('are refused by name', () => {
    assert.match(problems({ type: 'feast_fil', path: 'x' }).join(), /^type .*feast_fil/);
    for (const path of ['/a/registry.db', 'gs://bucket', 'gs://bucket/', 's3://bucket/x', 'gs://Bucket/x']) assert.match(problems({ type: 'feast_file', path }).join(), /^path /, path);
    assert.match(problems({ type: 'feast_file', path: 'gs://bucket/x', table: { project: 'p', dataset: 'a.b' }, api_endpoint: 'private' }).join('\n'), /api_endpoint is not the address of an API[^]*table\.dataset /);
    assert.match(problems({ type: 'feast_file', path: 'gs://bucket/x', schema: 'y' }).join(), /schema/);
  });
});

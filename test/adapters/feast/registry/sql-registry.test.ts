import assert from 'node:assert/strict';
import pg from 'pg';
import { PipelineError } from '../../../../domain/errors.ts';
import type { KindName } from '../../../../adapters/feast/registry/kinds.ts';
import { createFeastSqlRegistry } from '../../../../adapters/feast/registry/sql-registry.ts';
import type { FeatureRegistryHarness } from '../../../contracts/feature-registry-harness.ts';
import { describeOnDemandContract } from '../../../contracts/feature-registry-on-demand.contract.ts';
import { describeWritersContract } from '../../../contracts/feature-registry-writers.contract.ts';
import { describeFeatureRegistryContract } from '../../../contracts/feature-registry.contract.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { repository } from './repository.ts';

const TABLES: Readonly<Record<KindName, readonly [table: string, object: string]>> = {
  'data source': ['data_sources', 'data_source'],
  'feature view': ['feature_views', 'feature_view'],
  entity: ['entities', 'entity'],
  'feature service': ['feature_services', 'feature_service'],
};

async function openHarness(): Promise<FeatureRegistryHarness & { readonly client: pg.Client }> {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return {
    client,
    connect: (project) => createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project }),
    async message(project, kind, name) {
      const [table, object] = TABLES[kind];
      const { rows } = await client.query<{ message: Buffer }>(`SELECT ${object}_proto AS message FROM feast_registry.${table} WHERE project_id = $1 AND ${object}_name = $2`, [project, name]);
      return rows[0]?.message ?? assert.fail(`no ${kind} ${name}`);
    },
    async rewrite(project, kind, name, bytes) {
      const [table, object] = TABLES[kind];
      await client.query(`UPDATE feast_registry.${table} SET ${object}_proto = $1 WHERE project_id = $2 AND ${object}_name = $3`, [bytes, project, name]);
    },
    versions: async (project, view) =>
      (await client.query<{ n: number }>('SELECT version_number AS n FROM feast_registry.feature_view_version_history WHERE project_id = $1 AND feature_view_name = $2 ORDER BY 1', [project, view])).rows.map(({ n }) => n),
    otherViews: async (project, place) => (await client.query<{ message: Buffer }>(`SELECT feature_view_proto AS message FROM feast_registry.${place} WHERE project_id = $1`, [project])).rows.map(({ message }) => message),
    addOtherView: async (project, place, name, bytes) => void (await client.query(`INSERT INTO feast_registry.${place} VALUES ($1, $2, 0, $3, NULL)`, [name, project, bytes])),
    removeOtherViews: async (project, place) => void (await client.query(`DELETE FROM feast_registry.${place} WHERE project_id = $1`, [project])),
    writings: async (project) => (await client.query('SELECT xmin::text, * FROM feast_registry.feature_views WHERE project_id = $1 ORDER BY 2', [project])).rows,
    async breakLocks() {
      const { rowCount } = await client.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
      return rowCount ?? 0;
    },
    async close() {
      await client.end();
      await database.drop();
    },
  };
}

describeFeatureRegistryContract("Feast's SQL registry", openHarness);
describeOnDemandContract("Feast's SQL registry", openHarness);
describeWritersContract("Feast's SQL registry", openHarness);

describe("Feast's SQL registry", () => {
  it('makes no table to read or to plan, and says that no table shows it', async () => {
    const harness = await openHarness();
    const registry = harness.connect('p');
    try {
      assert.deepEqual([await registry.featureViews(), (await registry.plan(repository)).changes.length], [[], 10]);
      assert.equal((await harness.client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'feast_registry'")).rowCount, 0);
      await assert.rejects(registry.rebuildTable(), (error) => error instanceof PipelineError && error.code === 'UNSUPPORTED');
    } finally {
      await registry.close();
      await harness.close();
    }
  });
});

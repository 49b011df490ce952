import { PipelineError } from '../../../domain/errors.ts';
import type { FeatureRegistry } from '../../../ports/feature-registry.ts';
import { createFeastRegistry } from './feast-registry.ts';
import { createSqlLocks } from './sql-locks.ts';
import { createSqlStore } from './sql-store.ts';

export interface FeastSqlRegistryConfig {
  /** `postgresql://user:password@host:port/database`. Never logged. */
  readonly connectionString: string;
  /** The schema of Feast's registry tables, `feast_registry` by convention; made by the first `apply`. */
  readonly schema: string;
  /** The Feast project. One repository of definitions owns it: `apply` removes what that does not name. */
  readonly project: string;
}

/** A registry has some hundred rows: what takes longer is a server that does not answer. */
const QUERY_MS = 10_000;

/** Feast's SQL registry in PostgreSQL (docs/feast.md). Lists of a registry that does not exist yet are empty. */
export function createFeastSqlRegistry({ connectionString, schema, project }: FeastSqlRegistryConfig): FeatureRegistry {
  const config = { connectionString, queryTimeoutMs: QUERY_MS };
  const registry = createFeastRegistry({ store: createSqlStore(config, schema, project), locks: createSqlLocks(config, `feast ${schema} ${project}`), project, tables: 'postgres' });
  return { ...registry, rebuildTable: () => Promise.reject(new PipelineError('UNSUPPORTED', `The registry is tables (schema ${schema}) already: there is nothing to write anew.`)) };
}

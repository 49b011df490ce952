import { PipelineError } from '../../../domain/errors.ts';
import type { ApplyPlan, FeatureRegistry, RebuiltTable } from '../../../ports/feature-registry.ts';
import type { Locks } from '../../../ports/locks.ts';
import type { RegistryFile } from '../../../ports/registry-file.ts';
import type { RegistryTable } from '../../../ports/registry-table.ts';
import { createFeastRegistry } from './feast-registry.ts';
import { createFileStore, type FileStore } from './file-store.ts';
import { registryRows } from './registry-rows.ts';
import type { TableKind } from './table-kinds.ts';

export interface FeastFileRegistryParts {
  readonly file: RegistryFile;
  /** Keeps writers of online values and changes apart; closed with the registry. */
  readonly locks: Locks;
  /** Rows that show the file to queries; left out: none. Closed with the registry. */
  readonly table?: RegistryTable;
  readonly project: string;
  readonly tables: TableKind;
}

/** How often the rows are written anew where the file changes while they are. */
const TRIES = 3;

/** Feast's registry file, which its Python clients read and write, too (docs/feast.md). The rows that show it are written after it, by `apply`, and by nothing that happens more often. */
export function createFeastFileRegistry({ file, locks, table, project, tables }: FeastFileRegistryParts): FeatureRegistry {
  const store = createFileStore(file, project);
  const registry = createFeastRegistry({ store, locks, project, tables });
  return {
    ...registry,
    async apply(repository, shown) {
      const plan = await registry.apply(repository, shown);
      return table === undefined ? plan : { ...plan, ...(await bringUpToDate(store, table)) };
    },
    rebuildTable: () =>
      table === undefined ? Promise.reject(new PipelineError('UNSUPPORTED', `No table shows the registry ${file.place}. Set registry.table in the settings.`)) : fillTable(store, table),
    close: async () => void (await Promise.all([registry.close(), table?.close()])),
  };
}

/** The file is written: what fails here takes nothing back. */
async function bringUpToDate(store: FileStore, table: RegistryTable): Promise<Pick<ApplyPlan, 'warnings'>> {
  try {
    if ((await table.generation()) !== (await store.current()).generation) await fillTable(store, table);
    return {};
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { warnings: [`The table that shows the registry could not be brought up to date; the next apply tries it again, and so does \`ml-pipeline registry rebuild\`. ${error.message}`] };
  }
}

/** A slower process may put older rows in the place of newer ones: so the file is looked at again afterwards. */
async function fillTable(store: FileStore, table: RegistryTable): Promise<RebuiltTable> {
  for (let tries = 1; ; tries += 1) {
    const { registry, generation } = await store.current();
    if (generation === undefined) throw new PipelineError('NOT_FOUND', 'There is no registry file yet. "ml-pipeline features apply" makes it.');
    const rows = registryRows(registry);
    await table.replace(rows, generation);
    if (tries === TRIES || (await store.current()).generation === generation) return { rows: rows.length, generation };
  }
}

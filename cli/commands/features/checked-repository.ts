import { PipelineError, refuseProblems } from '../../../domain/errors.ts';
import type { FeatureRepository } from '../../../domain/features/definitions.ts';
import { sourceTables, tableProblems, type DescribedColumn } from '../../../domain/features/validate-tables.ts';
import type { Ports } from '../../../ports/ports.ts';

/** The definitions, refused with every problem when they do not fit the tables. */
export async function checkedRepository({ featureRepository, warehouse }: Ports): Promise<FeatureRepository> {
  const repository = await featureRepository.load();
  const names = sourceTables(repository);
  const tables = new Map<string, readonly DescribedColumn[]>();
  for (const name of names) {
    const columns = await warehouse.describeTable(name).catch(absentTable);
    if (columns !== undefined) tables.set(name, columns);
  }
  const next = tables.size === names.length ? '' : ' `ml-pipeline data load` makes the tables of the sample data.';
  refuseProblems('INVALID_DEFINITION', `The feature definitions do not fit their tables; nothing was changed.${next}`, tableProblems(repository, tables));
  return repository;
}

/** A table that does not exist is reported with the other problems. */
function absentTable(error: unknown): undefined {
  if (error instanceof PipelineError && error.code === 'NOT_FOUND') return undefined;
  throw error;
}

import { PipelineError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';

/** A project and the data sets that stand for the warehouse's schemas. */
export interface DatasetNames {
  readonly project: string;
  readonly datasets: { readonly raw: string; readonly feature_mart: string; readonly spine: string; readonly registry: string };
}

export interface TableId {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/**
 * Where a table lies that a definition or a reference names: `dataset.table`, or `project.dataset.table`. The names that data sets have in the project's words
 * (`raw_data` or `raw_events`, `feature_mart`, `spine_data`, `feast_registry`) stand for those of the settings.
 */
export function tableId({ project, datasets }: DatasetNames, table: string): TableId {
  const parts = table.split('.');
  const [tableName, dataset, ...projects] = parts.reverse();
  if (tableName === undefined || dataset === undefined || projects.length > 1 || parts.some((part) => part === '' || /[`\\\n]/.test(part))) {
    throw new PipelineError('INVALID_DEFINITION', `"${table}" does not name a table of BigQuery. Write dataset.table, or project.dataset.table.`);
  }
  const [other] = projects;
  if (other !== undefined) return { projectId: other, datasetId: dataset, tableId: tableName };
  const own: Readonly<Record<string, string>> = { raw_data: datasets.raw, raw_events: datasets.raw, feature_mart: datasets.feature_mart, spine_data: datasets.spine, feast_registry: datasets.registry };
  return { projectId: project, datasetId: own[dataset] ?? dataset, tableId: tableName };
}

/** A table in SQL. */
export function quoteTableId({ projectId, datasetId, tableId }: TableId): string {
  return [projectId, datasetId, tableId].map(quoteIdentifier).join('.');
}

/** A name in SQL (cloud.google.com/bigquery/docs/reference/standard-sql/lexical, quoted identifiers). */
export function quoteIdentifier(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}\``;
}

/** An instant as a constant: of digits only, so that partitions are chosen before the query runs. */
export function instantLiteral(micros: Micros): string {
  const text = Number.isSafeInteger(micros) && Math.abs(micros) < 8.64e18 ? formatInstant(micros) : '';
  if (!/^\d{4}-/.test(text) || text.startsWith('0000')) throw new PipelineError('INVALID_INPUT', `${micros} is not an instant in microseconds between the years 1 and 9999.`);
  return `TIMESTAMP '${text.replace('T', ' ').replace('Z', '+00')}'`;
}

export function wholeNumberLiteral(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new PipelineError('INVALID_INPUT', `${value} is not a whole number.`);
  return String(value);
}

import { PipelineError } from '../../domain/errors.ts';
import { readCsv, type CsvField } from '../spine-files/csv.ts';
import { CSV_FILES, csvPath, type CsvName } from './csv-files.ts';

/** A line of a file by its columns' names: text and numbers as they are, instants in milliseconds, null where the file has `NA`. */
export type CsvRecord = Readonly<Record<string, string | number | null>>;

const MISSING = 'NA';

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Columns of a file in its order, with their types as PostgreSQL names them. */
export function csvColumns(name: CsvName): readonly Column[] {
  return CSV_FILES[name].split(',').map((column) => {
    const [columnName = '', type = ''] = column.trim().split(' ');
    return { name: columnName, type };
  });
}

/** All lines of a file, as it is read: memory does not grow with it. INVALID_DATA, with file, line and column, when the header or a value is not what is expected. */
export async function* readRecords(folder: string, name: CsvName): AsyncGenerator<CsvRecord> {
  const path = csvPath(folder, name);
  const columns = csvColumns(name);
  let line = 0;
  for await (const fields of records(path)) {
    line += 1;
    if (line > 1) yield recordOf(fields, columns, `${path}, line ${line}`);
    else if (fields.join() !== columns.map((column) => column.name).join()) throw unreadable(path, `its columns are ${fields.join()}. They must be ${columns.map((column) => column.name).join()}.`);
  }
  if (line === 0) throw unreadable(path, 'it is empty.');
}

async function* records(path: string): AsyncGenerator<readonly CsvField[]> {
  for await (const chunk of readCsv(path)) yield* chunk;
}

function recordOf(fields: readonly CsvField[], columns: readonly Column[], place: string): CsvRecord {
  if (fields.length !== columns.length) throw unreadable(place, `it has ${fields.length} fields, and the header ${columns.length}.`);
  const record: Record<string, string | number | null> = {};
  columns.forEach(({ name, type }, at) => {
    const text = fields[at] ?? '';
    const value = text === MISSING ? null : READERS[type]!(text);
    if (typeof value === 'number' && Number.isNaN(value)) throw unreadable(place, `column ${name} holds ${JSON.stringify(text)}, which is no ${type}.`);
    record[name] = value;
  });
  return record;
}

/** NaN: no such value. */
const READERS: Readonly<Record<string, (text: string) => string | number>> = {
  text: (text) => text,
  int: (text) => (/^-?\d{1,9}$/.test(text) ? Number(text) : NaN),
  float8: (text) => (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN),
  timestamptz: (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : NaN),
};

function unreadable(place: string, what: string): PipelineError {
  return new PipelineError('INVALID_DATA', `${place} cannot be read: ${what} The right files come with: bash scripts/install_tools.sh data`);
}

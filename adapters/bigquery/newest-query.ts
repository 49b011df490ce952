import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import { BEGINNING, EARLIEST } from '../../domain/instant.ts';
import type { NewestRowsRequest } from '../../ports/warehouse.ts';
import type { ReadColumn } from './arrow-columns.ts';
import { newestFirst } from './join-sql.ts';
import { later, notEarlier, notLater } from './join-window.ts';
import { PART, partSql } from './slice-layout.ts';
import type { SliceLayout } from './slice-layout.ts';
import { instantLiteral, wholeNumberLiteral } from './sql.ts';
import { keyValue } from './view-source.ts';
import type { SourceColumn, ViewSource } from './view-source.ts';

/** Which rows count. */
export type NewestWindow = Pick<NewestRowsRequest, 'startMicros' | 'endMicros' | 'knownByMicros' | 'visibleAfterMicros'>;

/** The columns that the query gives, beside the number of the row and its part. */
export function newestColumns(source: ViewSource): readonly ReadColumn[] {
  return valuesOf(source).map(({ read }) => read);
}

/** The query of the newest row of each entity: of all slices, each numbered from 0 in the order of the join keys and divided into the parts of the layout. */
export function newestQuery(source: ViewSource, table: string, window: NewestWindow, layout: SliceLayout): string {
  const values = valuesOf(source);
  const keys = source.joinKeys.map(keyValue);
  const selected = [
    ...keys.map((key, i) => `${key} AS sort${i}`),
    `${sliceOf(keys, source.joinKeys, layout)} AS slice`,
    ...values.flatMap(({ read: { source: name, present }, value }) => [`${value} AS ${name}`, ...(present === undefined ? [] : [`${value} IS NOT NULL AS ${present}`])]),
  ];
  const names = values.flatMap(({ read: { source: name, present } }) => (present === undefined ? [name] : [name, present])).join(', ');
  const entity = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')} `;
  const order = keys.length === 0 ? 'e' : keys.map((_, i) => `sort${i}`).join(', ');
  return `SELECT ${ROW_NUMBER}, ${partSql(layout)} AS ${PART}, ${names} FROM (
  SELECT ROW_NUMBER() OVER (PARTITION BY slice ORDER BY ${order}) - 1 AS ${ROW_NUMBER}, slice, ${names} FROM (
    SELECT ${selected.join(', ')}
    FROM ${table} AS f
    WHERE ${windowConditions(source, window).join(' AND ')}
    QUALIFY ROW_NUMBER() OVER (${entity}ORDER BY ${newestFirst(source)}) = 1
  )
)`;
}

/** What is read, and the expression of it. */
function valuesOf({ view, joinKeys, features, eventTimestamp, createdTimestamp }: ViewSource): readonly { readonly read: ReadColumn; readonly value: string }[] {
  const early = instantLiteral(EARLIEST);
  const created = createdTimestamp === undefined ? 'CAST(NULL AS TIMESTAMP)' : `GREATEST(${createdTimestamp.value}, ${early})`;
  const read = ({ name, type }: SourceColumn, source: string): ReadColumn => ({ name, type, source, view: view.name, ...(type.startsWith('Array(') ? { present: `${source}_present` } : {}) });
  return [
    ...joinKeys.map((key, i) => ({ read: read(key, `k${i}`), value: key.value })),
    ...features.map((feature, i) => ({ read: read(feature, `f${i}`), value: feature.value })),
    { read: { name: 'event_timestamp', type: 'Timestamp', source: 'e' }, value: `GREATEST(${eventTimestamp.value}, ${early})` },
    { read: { name: 'created_timestamp', type: 'Timestamp', source: 'c' }, value: created },
  ];
}

/** Conditions on the event timestamp alone, by constants: they choose the partitions. */
export function windowOf(eventTimestamp: SourceColumn, startMicros: number, endMicros: number): string[] {
  return [...(startMicros <= BEGINNING ? [] : notEarlier(eventTimestamp, startMicros)), notLater(eventTimestamp, endMicros)];
}

/**
 * Rows of the window that a join at its end could use: known by then. A row without created timestamp counts as known, except for a view that is read as known.
 * Incremental: of these, the rows that such a join at the earlier instant could not have used.
 */
function windowConditions({ view, joinKeys, eventTimestamp, createdTimestamp }: ViewSource, { startMicros, endMicros, knownByMicros = endMicros, visibleAfterMicros }: NewestWindow): string[] {
  const known = createdTimestamp === undefined ? [] : [notLater(createdTimestamp, knownByMicros)];
  const dated = [eventTimestamp, ...(createdTimestamp === undefined ? [] : [createdTimestamp])];
  return [
    ...windowOf(eventTimestamp, startMicros, endMicros),
    ...joinKeys.map(({ raw, type, family }) => (type === 'UnixTimestamp' && family === 'int64' ? `${raw} > -9223372036854775808` : `${raw} IS NOT NULL`)), // the smallest number is "not a time"
    ...known.map((condition) => (view.asKnown ? condition : `(${condition} OR ${createdTimestamp!.raw} IS NULL)`)),
    ...(visibleAfterMicros === undefined ? [] : [`(${dated.map((column) => later(column, visibleAfterMicros)).join(' OR ')})`]),
  ];
}

/** A hash of all join keys decides the slice; a view without entities has one row. */
function sliceOf(keys: readonly string[], joinKeys: readonly SourceColumn[], { slices }: SliceLayout): string {
  if (slices === 1 || keys.length === 0) return '0';
  const texts = keys.map((key, i) => (joinKeys[i]!.type === 'Bytes' ? `TO_HEX(${key})` : `CAST(${key} AS STRING)`));
  const text = texts.length === 1 ? texts[0]! : `CONCAT(${texts.join(", '|', ")})`;
  return `MOD(FARM_FINGERPRINT(${text}) & 9223372036854775807, ${wholeNumberLiteral(slices)})`;
}

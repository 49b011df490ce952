import { columnOf, type RecordBatch } from '../domain/data/columns.ts';
import { columnValue } from '../domain/features/canonical.ts';
import { hashText, KeySet, keyText } from '../domain/features/key-set.ts';
import { oldestServed } from '../domain/features/oldest-served.ts';
import type { SourceRow } from '../domain/features/point-in-time.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { Micros } from '../domain/instant.ts';
import type { Ports } from '../ports/ports.ts';
import { Audit, type AuditRequest, type ViewAudit } from './audit-rows.ts';

type Needs = Pick<Ports, 'warehouse' | 'onlineStore' | 'featureRegistry' | 'clock'>;

/** Entities in one read of the online store. */
const BATCH = 1000;

/** Keys that are remembered at one time, at most 24 bytes each; of a larger view the online side is gone through in several rounds. */
const KEYS_PER_ROUND = 8_000_000;

/**
 * Compares every entity (or a sample) of the view in both stores: first the newest rows offline with what is online, then what is online with the keys that were met offline. Reads
 * the offline side once per round, in a stream; memory holds batches, and the hashes of the keys.
 */
export async function auditView(ports: Needs, request: AuditRequest): Promise<ViewAudit> {
  const audit = new Audit(ports, request);
  const offline = (): AsyncIterable<RecordBatch> => newestRows(ports, request);
  const isChosen = await chooseSample(request, offline);
  const rows = request.sample ?? (await ports.warehouse.estimateRows({ view: request.view, ...window(request) }));
  const rounds = Math.max(1, Math.ceil(rows / KEYS_PER_ROUND));
  for (let round = 0; round < rounds; round++) {
    const known = new KeySet(Math.min(rows, KEYS_PER_ROUND));
    for await (const batch of offline()) {
      const chosen = rowsOf(request.view, batch).filter(({ hash }) => isChosen(hash));
      for (const { hash } of chosen) if (hash[1] % rounds === round) known.add(hash);
      if (round === 0) for (const part of parts(chosen)) await audit.offline(part.map(({ row }) => row));
    }
    for await (const found of ports.onlineStore.entities(request.view, BATCH)) {
      const strangers = found.filter((keys) => {
        const hash = hashText(keyText(keys));
        return isChosen(hash) && hash[1] % rounds === round && !known.has(hash);
      });
      if (strangers.length > 0) await audit.online(strangers);
    }
  }
  return audit.result();
}

interface HashedRow {
  readonly row: SourceRow;
  readonly hash: readonly [number, number];
}

/**
 * The sample is the entities whose salted hashes are the smallest: which they are is known after one pass over the offline keys, and the same rule chooses on the online side.
 * Every entity is as likely as every other, and another run looks at others.
 */
async function chooseSample({ view, sample, random = Math.random }: AuditRequest, offline: () => AsyncIterable<RecordBatch>): Promise<(hash: readonly [number, number]) => boolean> {
  if (sample === undefined) return () => true;
  const salt = Math.floor(random() * 2 ** 32);
  const rank = ([high, low]: readonly [number, number]): number => hashText(`${high},${low}`, salt)[0];
  let ranks: number[] = [];
  const keepSmallest = (): number[] => ranks.sort((a, b) => a - b).slice(0, sample);
  for await (const batch of offline()) {
    for (const { hash } of rowsOf(view, batch)) ranks.push(rank(hash));
    ranks = keepSmallest();
  }
  const limit = ranks.length < sample ? Number.POSITIVE_INFINITY : ranks.at(-1)!;
  return (hash) => rank(hash) <= limit;
}

async function* newestRows({ warehouse }: Needs, request: AuditRequest): AsyncGenerator<RecordBatch> {
  yield* (await warehouse.newestRows({ view: request.view, ...window(request), slice: { index: 0, count: 1 } })).batches;
}

function window({ view, asOfMicros }: AuditRequest) {
  return { startMicros: oldestServed(view, asOfMicros), endMicros: asOfMicros };
}

function rowsOf(view: FeatureViewSnapshot, batch: RecordBatch): HashedRow[] {
  const [keys, features] = [view.joinKeys, view.features].map((fields) => fields.map(({ name }) => columnOf(batch, name)));
  const [event, created] = [columnOf(batch, 'event_timestamp'), columnOf(batch, 'created_timestamp')];
  return Array.from({ length: batch.rowCount }, (_, row) => {
    const keyValues = keys!.map((column) => columnValue(column, row));
    return {
      hash: hashText(keyText(keyValues)),
      row: { keys: keyValues, eventTimestampMicros: columnValue(event, row) as Micros, createdTimestampMicros: columnValue(created, row) as Micros | null, values: features!.map((column) => columnValue(column, row)) },
    };
  });
}

function* parts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += BATCH) yield rows.slice(at, at + BATCH);
}

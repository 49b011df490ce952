import { columnOfValues } from '../domain/data/column-of-values.ts';
import { columnOf, type RecordBatch } from '../domain/data/columns.ts';
import { columnValue } from '../domain/features/canonical.ts';
import { hashText, KeySet, keyText } from '../domain/features/key-set.ts';
import { auditOffline, auditOnline, type AuditInstants, type DifferenceKind, type EntityDifference, type StoredRow } from '../domain/features/online-audit.ts';
import type { SourceRow } from '../domain/features/point-in-time.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../domain/instant.ts';
import type { RowVersion } from '../ports/online-store.ts';
import type { Ports } from '../ports/ports.ts';

export interface AuditRequest extends Omit<AuditInstants, 'nowMicros'> {
  readonly view: FeatureViewSnapshot;
  /** About so many entities, chosen by chance, the same ones on both sides; undefined: all. */
  readonly sample: number | undefined;
  /** Makes the store right where it differs. */
  readonly repair: boolean;
  readonly onDifference: (difference: EntityDifference) => void;
  readonly random?: () => number;
}

export interface ViewAudit {
  readonly view: string;
  /** Entities that were looked at. */
  readonly entities: number;
  /** Of these, those that the next materialization will bring. */
  readonly pending: number;
  readonly differences: Readonly<Partial<Record<DifferenceKind, number>>>;
  readonly repaired: number;
  /** Entities that were to be repaired, and were left alone since another writer changed them meanwhile. */
  readonly changed: number;
}

type Needs = Pick<Ports, 'warehouse' | 'onlineStore' | 'clock'>;

/** Entities in one read of the online store. */
const BATCH = 1000;

/** Keys that are remembered at one time, at most 24 bytes each; of a larger view the online side is gone through in several rounds. */
const KEYS_PER_ROUND = 8_000_000;

/** Differences in which the offline row is newer than the online one. */
const MENDED_BY_WRITING: readonly DifferenceKind[] = ['missing', 'stale'];

const BEGINNING: Micros = Number.MIN_SAFE_INTEGER;

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

class Audit {
  readonly #ports: Needs;
  readonly #request: AuditRequest;
  readonly #differences: Partial<Record<DifferenceKind, number>> = {};
  #entities = 0;
  #pending = 0;
  #repaired = 0;
  #changed = 0;

  constructor(ports: Needs, request: AuditRequest) {
    this.#ports = ports;
    this.#request = request;
  }

  async offline(rows: readonly SourceRow[]): Promise<void> {
    const { view } = this.#request;
    this.#entities += rows.length;
    const instants = this.#instants();
    const found = await this.#differing(rows.map((row) => ({ keys: row.keys, row, compare: (stored) => auditOffline(view, row, stored, instants) })));
    if (!this.#request.repair || found.length === 0) return;
    // A row that is not newer than what is there would be left out: what is there goes first, if it is still what was read.
    const inTheWay = found.filter(({ kind }) => !MENDED_BY_WRITING.includes(kind));
    const kept = await this.#remove(inTheWay);
    await this.#ports.onlineStore.write(view, batchOf(view, found.map(({ entity }) => entity.row)));
    this.#repaired += found.length - kept;
  }

  /** Entities that are online and were not met offline. */
  async online(entityKeys: readonly (readonly FeatureValue[])[]): Promise<void> {
    const { view } = this.#request;
    const instants = this.#instants();
    const found = await this.#differing(entityKeys.map((keys) => ({ keys, compare: (stored) => auditOnline(view, keys, stored, instants) })));
    this.#entities += found.length;
    if (this.#request.repair) this.#repaired += found.length - (await this.#remove(found));
  }

  result(): ViewAudit {
    return { view: this.#request.view.name, entities: this.#entities, pending: this.#pending, differences: this.#differences, repaired: this.#repaired, changed: this.#changed };
  }

  #instants(): AuditInstants {
    const { asOfMicros, watermarkMicros } = this.#request;
    return { asOfMicros, watermarkMicros, nowMicros: Math.max(asOfMicros, this.#ports.clock.now()) };
  }

  /** Reads the entities and compares; those that differ are looked at once more, now with the row's version, which is read first: it is then that of the values, or the row has changed since. */
  async #differing<T extends Compared>(entities: readonly T[]): Promise<Differing<T>[]> {
    const first = await this.#read(entities);
    const suspects = entities.filter(({ compare }, index) => this.#isDifferent(compare({ ...first[index]!, createdTimestampMicros: null })));
    if (suspects.length === 0) return [];
    const versions = await this.#ports.onlineStore.versions(this.#request.view, suspects.map(({ keys }) => keys));
    const again = await this.#read(suspects);
    return suspects.flatMap((entity, index) => {
      const version = versions[index];
      const difference = entity.compare({ ...again[index]!, createdTimestampMicros: version?.createdTimestampMicros ?? null });
      return this.#isDifferent(difference) ? [{ entity, version, kind: this.#note(difference) }] : [];
    });
  }

  #isDifferent(look: Look): look is EntityDifference {
    if (look === 'pending') this.#pending++;
    return typeof look === 'object';
  }

  /** Removes the rows that are still as they were read. Resolves to the number of the others. */
  async #remove(found: readonly Differing<Compared>[]): Promise<number> {
    const there = found.flatMap(({ entity: { keys }, version }) => (version === undefined ? [] : [{ keys, version }]));
    const { removed } = await this.#ports.onlineStore.remove(this.#request.view, there.map(({ keys }) => keys), there.map(({ version }) => version));
    const kept = found.length - removed;
    this.#changed += kept;
    return kept;
  }

  #note(difference: EntityDifference): DifferenceKind {
    const { kind } = difference;
    this.#differences[kind] = (this.#differences[kind] ?? 0) + 1;
    this.#request.onDifference(difference);
    return kind;
  }

  async #read(entities: readonly Compared[]) {
    const { view } = this.#request;
    return (await this.#ports.onlineStore.read([{ view, features: view.features.map(({ name }) => name), entityKeys: entities.map(({ keys }) => keys) }]))[0]!;
  }
}

type Look = EntityDifference | 'pending' | undefined;

/** An entity, and how to compare what the online store has of it. */
interface Compared {
  readonly keys: readonly FeatureValue[];
  readonly compare: (stored: StoredRow) => Look;
}

interface Differing<T extends Compared> {
  readonly entity: T;
  /** undefined: the store had no row when it was looked at. */
  readonly version: RowVersion | undefined;
  readonly kind: DifferenceKind;
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
  return { startMicros: view.ttlSeconds === null ? BEGINNING : asOfMicros - Math.round(view.ttlSeconds * MICROS_PER_SECOND), endMicros: asOfMicros };
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

function batchOf(view: FeatureViewSnapshot, rows: readonly SourceRow[]): RecordBatch {
  return {
    rowCount: rows.length,
    columns: [
      ...view.joinKeys.map((key, index) => columnOfValues(key, rows.map(({ keys }) => keys[index]!))),
      ...view.features.map((field, index) => columnOfValues(field, rows.map(({ values }) => values[index]!))),
      columnOfValues({ name: 'event_timestamp', type: 'Timestamp' }, rows.map((row) => row.eventTimestampMicros)),
      columnOfValues({ name: 'created_timestamp', type: 'Timestamp' }, rows.map((row) => row.createdTimestampMicros)),
    ],
  };
}

function* parts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += BATCH) yield rows.slice(at, at + BATCH);
}

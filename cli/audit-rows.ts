import { columnOfValues } from '../domain/data/column-of-values.ts';
import type { RecordBatch } from '../domain/data/columns.ts';
import { auditOffline, auditOnline, type AuditInstants, type DifferenceKind, type EntityDifference, type Look, type StoredRow } from '../domain/features/online-audit.ts';
import type { SourceRow } from '../domain/features/point-in-time.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
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
  /** Of these, those of which the online store has a row of an event after the as-of instant, or known only since then. */
  readonly newerThanAsOf: number;
  readonly differences: Readonly<Partial<Record<DifferenceKind, number>>>;
  readonly repaired: number;
  /** Entities that were to be repaired, and were left alone since another writer changed them meanwhile. */
  readonly changed: number;
}

/** Differences in which the offline row is newer than the online one. */
const MENDED_BY_WRITING: readonly DifferenceKind[] = ['missing', 'stale'];

/** Compares entities of one view with what is online, counts, and repairs where that is asked for. */
export class Audit {
  readonly #ports: Pick<Ports, 'onlineStore' | 'featureRegistry' | 'clock'>;
  readonly #request: AuditRequest;
  readonly #differences: Partial<Record<DifferenceKind, number>> = {};
  #entities = 0;
  #pending = 0;
  #newerThanAsOf = 0;
  #repaired = 0;
  #changed = 0;

  constructor(ports: Pick<Ports, 'onlineStore' | 'featureRegistry' | 'clock'>, request: AuditRequest) {
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
    const kept = await this.#repair(async (signal) => {
      const left = await this.#remove(inTheWay);
      signal.throwIfAborted();
      await this.#ports.onlineStore.write(view, batchOf(view, found.map(({ entity }) => entity.row)));
      return left;
    });
    this.#repaired += found.length - kept;
  }

  /** Entities that are online and were not met offline. */
  async online(entityKeys: readonly (readonly FeatureValue[])[]): Promise<void> {
    const { view } = this.#request;
    const instants = this.#instants();
    const found = await this.#differing(entityKeys.map((keys) => ({ keys, compare: (stored) => auditOnline(view, keys, stored, instants) })));
    this.#entities += found.length;
    if (this.#request.repair && found.length > 0) this.#repaired += found.length - (await this.#repair(() => this.#remove(found)));
  }

  result(): ViewAudit {
    return { view: this.#request.view.name, entities: this.#entities, pending: this.#pending, newerThanAsOf: this.#newerThanAsOf, differences: this.#differences, repaired: this.#repaired, changed: this.#changed };
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
    if (look === 'later') this.#newerThanAsOf++;
    return typeof look === 'object';
  }

  /** One batch at a time: a change of the definition waits for what is being written, not for the whole audit; after it the next batch is refused. */
  #repair<T>(write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#ports.featureRegistry.whileDefined(this.#request.view, write);
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

import type { ColumnType } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { canonicalize } from '../../domain/features/canonical.ts';
import type { FeatureValue, ValueType } from '../../domain/features/value-types.ts';
import { EARLIEST, namesZone, parseInstant, type Micros } from '../../domain/instant.ts';

/** So many rows with problems are named; the others are counted. */
const MOST_PROBLEMS = 10;

/** Reads cells of a spine file and collects what does not fit, with the number of its row (1 is the first row of data). */
export class SpineValues {
  readonly #latest: Micros;
  readonly #problems: Problem[] = [];
  #count = 0;

  constructor(latest: Micros) {
    this.#latest = latest;
  }

  /** The value of a cell; null where it does not fit. */
  value(name: string, type: ColumnType, raw: unknown, row: number, required: boolean): FeatureValue {
    if (raw === null || raw === undefined) {
      if (required) this.#refuse(name, row, 'there is no event timestamp', 'Leave the row out, or fill it in.');
      return null;
    }
    if (type === 'Timestamp') return this.#instant(name, raw, row, required);
    try {
      return canonicalize(type as ValueType, raw);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#refuse(name, row, `the value does not fit ${type}`, 'Mend the file.'); // without the value: rows do not belong into messages
      return null;
    }
  }

  /** INVALID_DATA with the first of all problems. */
  refuse(path: string): void {
    if (this.#count === 0) return;
    const more = this.#count > MOST_PROBLEMS ? ` ${this.#count} values do not fit; here are the first ${MOST_PROBLEMS}.` : '';
    throw new PipelineError('INVALID_DATA', `${path} is no usable spine; nothing was written.${more}`, { problems: this.#problems });
  }

  #instant(name: string, raw: unknown, row: number, isAsOf: boolean): Micros | null {
    const micros = typeof raw === 'bigint' ? Number(raw) : typeof raw === 'string' ? parseInstant(raw) : undefined;
    if (micros === undefined) this.#refuse(name, row, 'it is no instant', 'Write it as 2026-11-23T10:00:00Z.');
    else if (typeof raw === 'string' && !namesZone(raw)) this.#refuse(name, row, 'it has no time zone', 'Write it as 2026-11-23T10:00:00Z, or with an offset such as 2026-11-23T19:00:00+09:00.');
    else if (micros < EARLIEST) this.#refuse(name, row, 'it is earlier than the year 1700', 'Mend it, or leave the row out.');
    else if (isAsOf && micros > this.#latest) this.#refuse(name, row, 'it lies in the future', 'Features are looked up as of the past: mend it, or leave the row out.');
    else return micros;
    return null;
  }

  #refuse(name: string, row: number, message: string, cure: string): void {
    this.#count++;
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ path: `row ${row}, column ${name}`, message, cure });
  }
}

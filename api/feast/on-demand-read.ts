import { PipelineError } from '../../domain/errors.ts';
import { canonicalize } from '../../domain/features/canonical.ts';
import type { OnDemandFeatureView } from '../../domain/features/definitions.ts';
import { onDemandFunction, type OnDemandFunction, type OnDemandSnapshot } from '../../domain/features/on-demand.ts';
import { asOfSeconds } from '../../domain/features/on-demand-rows.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue, ValueType } from '../../domain/features/value-types.ts';
import type { Micros } from '../../domain/instant.ts';
import type { Definitions } from './definitions.ts';
import { exceptionText, feastError, pythonList } from './faults.ts';
import type { ValueColumns } from './requests.ts';
import { jsonWriter, type JsonWriter } from './value-json.ts';

/** An on-demand feature view as one read takes it. */
export interface PlannedOnDemand {
  readonly name: string;
  readonly compute: OnDemandFunction;
  readonly sources: readonly Source[];
  /** One for each feature that is asked for. */
  readonly write: readonly JsonWriter[];
}

/** Where an argument of the function comes from: what was read, the request, or (null) the as-of instant. */
type Source = StoredPlace | { readonly request: string; readonly type: ValueType } | null;

export interface StoredPlace {
  readonly view: string;
  readonly feature: string;
}

/** The stored features that a view is computed from. */
export function neededBy({ name, inputs }: OnDemandFeatureView, views: ReadonlyMap<string, FeatureViewSnapshot>): readonly StoredPlace[] {
  return inputs.flatMap(({ view, features }) => {
    const there = views.get(view)?.features.map((feature) => feature.name) ?? [];
    const wanted = features ?? there;
    if (wanted.length === 0 || wanted.some((feature) => !there.includes(feature))) throw exceptionText(`On-demand feature view ${name} cannot be computed: feature view ${view} is not there, or lacks a feature that it takes. Apply the definitions again.`);
    return wanted.map((feature) => ({ view, feature }));
  });
}

export function planOnDemand({ transforms }: Definitions, view: OnDemandFeatureView, features: readonly string[], stored: ReadonlyMap<string, FeatureViewSnapshot>): PlannedOnDemand {
  const { name, bundle, request, asOf = false } = view;
  if (bundle === undefined || transforms === undefined) throw exceptionText(`On-demand feature view ${name} cannot be computed by this server.`);
  const typeOf = ({ view: from, feature }: StoredPlace): ValueType => stored.get(from)!.features.find((field) => field.name === feature)!.type;
  const needed = neededBy(view, stored);
  const outputs = features.map((feature) => ({ feature, column: feature, type: view.features.find((field) => field.name === feature)!.type }));
  const snapshot: OnDemandSnapshot = { name, inputs: needed.map((place) => ({ ...place, column: place.feature, type: typeOf(place) })), request, asOf, outputs, ...bundle };
  const sources = [...needed, ...request.map(({ name: column, type }) => ({ request: column, type })), ...(asOf ? [null] : [])];
  return { name, compute: onDemandFunction(snapshot, transforms.load(snapshot)), sources, write: outputs.map(({ type }) => jsonWriter(type)) };
}

export interface OnDemandRead {
  readonly rowCount: number;
  readonly request: ValueColumns;
  readonly asOf: Micros;
  /** The value by the age rule; null where there is none. */
  readonly storedValue: (place: StoredPlace, row: number) => FeatureValue;
}

/** JSON texts of the values, [feature][row]. Throws what Feast answers when the request lacks a column or has a value of another type, or when the function fails. */
export function computeTexts({ name, compute, sources, write }: PlannedOnDemand, { rowCount, request, asOf, storedValue }: OnDemandRead): readonly (readonly string[])[] {
  const missing = sources.flatMap((source) => (source !== null && 'request' in source && request[source.request] === undefined ? [source.request] : []));
  if (missing.length > 0) throw feastError(404, 'RequestDataNotFoundInEntityRowsException', `Required request data source features ${pythonList(missing)} not found in the entity rows, but required by feature views ${pythonList([name])}`);
  const texts = write.map(() => new Array<string>(rowCount));
  for (let row = 0; row < rowCount; row++) {
    const values = sources.map((source) => (source === null ? asOfSeconds(asOf) : 'request' in source ? requestValue(source, request[source.request]![row], row) : storedValue(source, row)));
    const computed = refused(() => compute(values, `row ${row}`));
    for (let index = 0; index < write.length; index++) texts[index]![row] = write[index]!(computed[index]!);
  }
  return texts;
}

function requestValue({ request, type }: { readonly request: string; readonly type: ValueType }, raw: unknown, row: number): FeatureValue {
  return refused(() => canonicalize(type, raw), `Request column ${request}, row ${row}: `);
}

function refused<T>(work: () => T, where = ''): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PipelineError) throw exceptionText(`${where}${error.message}`);
    throw error;
  }
}

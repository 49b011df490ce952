import { refuseProblems } from '../errors.ts';
import { deepFreeze, quote } from './define-shared.ts';
import type { DefinedFeatureView } from './define.ts';
import type { Described, Field, OnDemandFeatureView } from './definitions.ts';
import { onDemandProblems } from './validate-on-demand.ts';
import type { PrimitiveType } from './value-types.ts';

/** Canonical values by type, as a transform gets them. */
interface CanonicalTypes {
  readonly Bool: boolean;
  readonly Int32: number;
  readonly Int64: bigint;
  readonly Float32: number;
  readonly Float64: number;
  readonly String: string;
  readonly Bytes: Uint8Array;
  readonly UnixTimestamp: number;
  readonly Decimal: string;
  readonly Uuid: string;
  readonly Json: string;
}

/** What a transform may give for a type beside the canonical value; it is made canonical, and refused where that would bend it. */
interface GivenTypes {
  readonly Int64: number;
  readonly UnixTimestamp: bigint;
  readonly Decimal: number | bigint;
}

type ElementOf<T extends string> = T extends `Array(${infer E extends PrimitiveType})` ? E : never;
type ValueOf<T extends string> = T extends PrimitiveType ? CanonicalTypes[T] : readonly CanonicalTypes[ElementOf<T>][];
type GivenOf<T extends string> = T extends PrimitiveType ? CanonicalTypes[T] | (T extends keyof GivenTypes ? GivenTypes[T] : never) : readonly CanonicalTypes[ElementOf<T>][];

/** What the function takes from one stored view; without `features` all of it. */
export interface OnDemandPart<View extends DefinedFeatureView> {
  readonly view: View;
  readonly features?: readonly View['features'][number]['name'][];
}

type TakenField<Part> = Part extends { readonly view: infer View extends DefinedFeatureView }
  ? Part extends { readonly features: readonly (infer Name)[] } ? Extract<View['features'][number], { readonly name: Name }> : View['features'][number]
  : never;
type Row<F> = { readonly [Field_ in F as Field_ extends { readonly name: infer Name extends string } ? Name : never]: Field_ extends { readonly type: infer T extends string } ? ValueOf<T> | null : never };

/** The one argument of a transform: stored features, request columns, and `as_of` where it is wanted. */
export type TransformInput<Parts extends readonly unknown[], Request extends readonly Field[], AsOf extends boolean> = Row<TakenField<Parts[number]>> & Row<Request[number]> & (AsOf extends true ? { readonly as_of: number | null } : unknown);
/** What a transform gives: every declared feature, null where it is missing. */
export type TransformOutput<Features extends readonly Field[]> = { readonly [F in Features[number] as F['name']]: GivenOf<F['type']> | null };

/** An on-demand feature view as it is written down: its inputs are the defined views, its function is the default export of `module`. */
export interface OnDemandDefinition<Parts extends readonly OnDemandPart<DefinedFeatureView>[], Request extends readonly Field[], Features extends readonly Field[], AsOf extends boolean> extends Described {
  readonly name: string;
  readonly inputs: Parts;
  /** Columns that the caller gives: of the request when serving, of the spine when training. */
  readonly request?: Request;
  /** Whether the function also gets `as_of`: the instant from which the row looks back, in whole seconds since 1970. */
  readonly asOf?: AsOf;
  readonly features: Features;
  readonly transform: (input: TransformInput<Parts, Request, AsOf>) => TransformOutput<Features>;
  /** Where the function is: `transforms/<name>.ts`. */
  readonly module: `transforms/${string}.ts`;
}

/** An on-demand feature view that knows the names of its features at compile time. */
export type DefinedOnDemandFeatureView<Features extends readonly Field[] = readonly Field[]> = OnDemandFeatureView & { readonly features: Features; readonly transform: unknown };

/**
 * Declares features that a pure function computes from one row, the same one when training and when serving. The names and types of what it takes and gives are checked when the
 * definitions are compiled. Throws INVALID_DEFINITION with every problem.
 */
export function defineOnDemandFeatureView<
  const Parts extends readonly OnDemandPart<DefinedFeatureView>[],
  const Features extends readonly Field[],
  const Request extends readonly Field[] = readonly [],
  const AsOf extends boolean = false,
>(definition: OnDemandDefinition<Parts, Request, Features, AsOf>): DefinedOnDemandFeatureView<Features> {
  const parts: readonly OnDemandPart<DefinedFeatureView>[] = definition.inputs;
  const inputs = parts.map(({ view, ...taken }) => ({ view: view.name, ...taken }));
  const view = { ...definition, inputs, request: definition.request ?? [] };
  refuseProblems('INVALID_DEFINITION', `On-demand feature view ${quote(view.name)} is not valid.`, [
    ...onDemandProblems(view, parts.map((part) => part.view)),
    ...(typeof definition.transform === 'function' ? [] : [{ path: `on-demand feature view ${view.name}.transform`, message: 'It is not a function.', cure: `Import the default export of ${view.module}.` }]),
  ]);
  return deepFreeze(view);
}

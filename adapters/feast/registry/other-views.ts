import { fromBinary } from '@bufbuild/protobuf';
import type { UnusableDefinition } from '../../../domain/features/definitions.ts';
import type { DataSource } from '../gen/feast/core/DataSource_pb.ts';
import { LabelViewSchema } from '../gen/feast/core/LabelView_pb.ts';
import { OnDemandFeatureViewSchema, type OnDemandSource } from '../gen/feast/core/OnDemandFeatureView_pb.ts';
import { StreamFeatureViewSchema } from '../gen/feast/core/StreamFeatureView_pb.ts';

/** A view of a kind that Python alone can make: its row stays as it is, and what it needs stays too. */
export interface OtherView extends UnusableDefinition {
  readonly entities: readonly string[];
  readonly sources: readonly string[];
  /** Feature views whose values its function is given. */
  readonly views: readonly string[];
}

interface Described {
  readonly entities: readonly string[];
  readonly features: readonly { readonly name: string }[];
}

const ON_DEMAND = 'It is computed by a Python function, which cannot run here. Have the caller send its outputs as request columns, or write the transform in TypeScript.';
const STREAM = 'A Python function makes its rows from a stream. Make a feature view of the table that they are kept in.';
const LABELS = 'It holds labels, not features. Name its table in the SQL of a spine.';

/** The tables of such views, with how a row of each is read. */
export const OTHER_VIEWS = {
  on_demand_feature_views: (name: string, bytes: Uint8Array): OtherView => {
    const { spec } = fromBinary(OnDemandFeatureViewSchema, bytes);
    return { ...describe('on-demand feature view', name, ON_DEMAND, spec, []), views: Object.values(spec?.sources ?? {}).flatMap(viewOf) };
  },
  stream_feature_views: (name: string, bytes: Uint8Array): OtherView => {
    const { spec } = fromBinary(StreamFeatureViewSchema, bytes);
    return describe('stream feature view', name, STREAM, spec, [spec?.batchSource, spec?.streamSource, spec?.streamSource?.batchSource]);
  },
  label_views: (name: string, bytes: Uint8Array): OtherView => {
    const { spec } = fromBinary(LabelViewSchema, bytes);
    return describe('label view', name, LABELS, spec, [spec?.source, spec?.source?.batchSource]);
  },
} as const;

function describe(kind: string, name: string, reason: string, spec: Described | undefined, sources: readonly (DataSource | undefined)[]): OtherView {
  return { kind, name, reason, features: (spec?.features ?? []).map((feature) => feature.name), entities: spec?.entities ?? [], sources: sources.flatMap((source) => source?.name ?? []), views: [] };
}

function viewOf({ source }: OnDemandSource): string[] {
  if (source.case === 'featureViewProjection') return [source.value.featureViewName];
  const name = source.case === 'featureView' ? source.value.spec?.name : undefined;
  return name === undefined ? [] : [name];
}

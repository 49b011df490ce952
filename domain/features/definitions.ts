import type { TransformBundle } from './on-demand.ts';
import type { JoinKeyType, ValueType } from './value-types.ts';

/** What may be said about any definition; kept in the registry, shown in listings and Feast's UI. */
export interface Described {
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A thing that features describe, and the column that identifies it. */
export interface Entity extends Described {
  readonly name: string;
  /** The column that holds its identifier, in spines, sources and requests. */
  readonly joinKey: string;
  readonly valueType: JoinKeyType;
}

/** A named, typed column of a feature view. */
export interface Field extends Described {
  readonly name: string;
  readonly type: ValueType;
}

/** A warehouse table with one row per entity and event timestamp. */
export interface TableSource extends Described {
  readonly name: string;
  /** `schema.table` (a dataset is a schema on BigQuery). */
  readonly table: string;
  /** Column with the instant at which the row became true. */
  readonly timestampField: string;
  /** Column with the instant at which we came to know it; breaks ties between equal event timestamps: the greater one wins. */
  readonly createdTimestampColumn?: string;
  /** Source column -> feature or join key name, for columns whose names differ. */
  readonly fieldMapping?: Readonly<Record<string, string>>;
  /** Bool column: true in a row that deletes the entity's values from its event timestamp on (a tombstone). All features of such a row are missing, offline and online. */
  readonly deletedColumn?: string;
  /** For a source without created timestamps: how many seconds after its event timestamp a row may arrive. Incremental materialization reads back so far. */
  readonly latenessSeconds?: number;
}

/** Where rows are pushed to a view between two loads of its table; several views with one table may share it. */
export interface PushSource extends Described {
  readonly name: string;
}

/** Features that share entities, a source and a ttl. */
export interface FeatureView extends Described {
  readonly name: string;
  /** Names of entities; their join keys identify a row. */
  readonly entities: readonly string[];
  readonly features: readonly Field[];
  /** Seconds that a value stays valid after its event timestamp, the edge inside; null: for ever. */
  readonly ttlSeconds: number | null;
  readonly source: TableSource;
  /** The view also takes rows that are pushed (`POST /push`) under this source's name. */
  readonly pushSource?: PushSource;
  /** Whether materialization copies it to the online store. Default true. */
  readonly online?: boolean;
  /** Historical reads leave out rows whose created timestamp is later than the as-of instant. Default false. */
  readonly asKnown?: boolean;
}

/** What an on-demand feature view takes from a stored one. */
export interface OnDemandSource {
  readonly view: string;
  /** Left out: all of the view. */
  readonly features?: readonly string[];
}

/** Features that a TypeScript function computes from one row when they are read: of stored features and of what the caller gives. */
export interface OnDemandFeatureView extends Described {
  readonly name: string;
  readonly inputs: readonly OnDemandSource[];
  /** Columns that the caller gives: of the request when serving, of the spine when training. */
  readonly request: readonly Field[];
  /** Whether the function also gets `as_of`, the instant from which the row looks back. Default false. */
  readonly asOf?: boolean;
  /** What it computes. */
  readonly features: readonly Field[];
  /** File of the function in the feature repository: `transforms/<name>.ts`. */
  readonly module: string;
  /** The function as it is run. A definition has it once it was loaded from its repository. */
  readonly bundle?: TransformBundle;
}

/** The features that one model uses; versioned by its name (`flight_delay_v1`). */
export interface FeatureService extends Described {
  readonly name: string;
  /** Views with the features taken from them, in model input order. */
  readonly features: readonly FeatureProjection[];
}

/** Features taken from one view, stored or on demand. */
export interface FeatureProjection {
  readonly view: string;
  /** Left out: all of the view. */
  readonly features?: readonly string[];
  /** Another name for the view in this service, so that one view can be taken twice (`origin_weather`, `dest_weather`): its features are referred to, and named apart, by it. */
  readonly alias?: string;
  /** Join key of the view -> column of the spine or request that holds it here (`{ airport: 'dest' }`). */
  readonly joinKeyMap?: Readonly<Record<string, string>>;
}

/** Something in the registry that another program wrote and that cannot be used here: it is listed, and refused with the reason where it is asked for. */
export interface UnusableDefinition {
  /** `feature view`, `on-demand feature view`, `stream feature view`, `label view`, `entity` or `data source`. */
  readonly kind: string;
  readonly name: string;
  readonly features: readonly string[];
  /** Why, and what to do: sentences. */
  readonly reason: string;
}

/** Everything that a feature repository (`feature_repo/index.ts`) exports. */
export interface FeatureRepository {
  readonly entities: readonly Entity[];
  readonly featureViews: readonly FeatureView[];
  readonly featureServices: readonly FeatureService[];
  readonly onDemandFeatureViews?: readonly OnDemandFeatureView[];
  /** Of a registry: what it holds beside these. */
  readonly unusable?: readonly UnusableDefinition[];
}

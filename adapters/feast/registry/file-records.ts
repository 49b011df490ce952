import { randomUUID } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { DataSourceSchema } from '../gen/feast/core/DataSource_pb.ts';
import { EntitySchema, EntitySpecV2Schema } from '../gen/feast/core/Entity_pb.ts';
import { FeatureServiceSchema, FeatureServiceSpecSchema } from '../gen/feast/core/FeatureService_pb.ts';
import { FeatureViewSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { FeatureViewVersionHistorySchema, FeatureViewVersionRecordSchema } from '../gen/feast/core/FeatureViewVersion_pb.ts';
import { LabelViewSchema } from '../gen/feast/core/LabelView_pb.ts';
import { OnDemandFeatureViewSchema } from '../gen/feast/core/OnDemandFeatureView_pb.ts';
import { ProjectMetaSchema, ProjectSchema } from '../gen/feast/core/Project_pb.ts';
import type { Registry } from '../gen/feast/core/Registry_pb.ts';
import { StreamFeatureViewSchema } from '../gen/feast/core/StreamFeatureView_pb.ts';
import { readNotes, writeNotes } from './file-notes.ts';
import type { KindName } from './kinds.ts';
import { OTHER_VIEWS, type OtherView } from './other-views.ts';
import type { RegistryReader, RegistryRecords, StoredObject } from './records.ts';
import { toTimestamp } from './timestamps.ts';

/** The objects of one project in a registry file, in name order. */
export function fileReader(registry: Registry, project: string): RegistryReader {
  return {
    objects: (kind) => Promise.resolve(objectsOf(registry, project, kind)),
    otherViews: () => Promise.resolve(otherViewsOf(registry, project)),
    newestVersions: () => {
      const newest = new Map<string, number>();
      for (const { projectId, featureViewName: name, versionNumber } of registry.featureViewVersionHistory?.records ?? []) {
        if (projectId === project) newest.set(name, Math.max(versionNumber, newest.get(name) ?? 0));
      }
      return Promise.resolve(newest);
    },
    note: (key) => Promise.resolve(readNotes(registry, project)[key]),
  };
}

/** The same, to be changed. `onChange` is called when the message is about to be. */
export function fileRecords(registry: Registry, project: string, onChange: () => void): RegistryRecords {
  const change = (work: () => void): Promise<void> => {
    onChange();
    work();
    return Promise.resolve();
  };
  return {
    ...fileReader(registry, project),
    put: (object) => change(() => putObject(registry, project, object)),
    addVersion: ({ view, number, bytes }, now) =>
      change(() => {
        const history = (registry.featureViewVersionHistory ??= create(FeatureViewVersionHistorySchema));
        const entry = { featureViewName: view, projectId: project, versionNumber: number, featureViewType: 'feature_view', featureViewProto: bytes, createdTimestamp: toTimestamp(now), versionId: randomUUID() };
        history.records.push(create(FeatureViewVersionRecordSchema, entry));
      }),
    remove: (kind, name) =>
      change(() => {
        removeObject(registry, project, kind, name);
        const history = registry.featureViewVersionHistory;
        if (kind === 'feature view' && history !== undefined) history.records = history.records.filter((entry) => entry.projectId !== project || entry.featureViewName !== name);
      }),
    putNote: (key, value) => change(() => writeNotes(registry, project, key, value)),
    touchProject: (now) =>
      change(() => {
        const there = registry.projects.find(({ spec }) => spec?.name === project);
        if (there === undefined) registry.projects.push(create(ProjectSchema, { spec: { name: project }, meta: { createdTimestamp: toTimestamp(now), lastUpdatedTimestamp: toTimestamp(now) } }));
        else (there.meta ??= create(ProjectMetaSchema)).lastUpdatedTimestamp = toTimestamp(now);
      }),
  };
}

interface Named {
  readonly name: string;
  readonly project: string;
}

/** Sorts as the rows of the SQL registry do: by bytes. */
function sorted<T>(items: readonly (readonly [string, T])[]): Map<string, T> {
  return new Map([...items].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function objectsOf(registry: Registry, project: string, kind: KindName): Map<string, Uint8Array> {
  const of = <M>(messages: readonly M[], named: (message: M) => Named | undefined, encode: (message: M) => Uint8Array): Map<string, Uint8Array> =>
    sorted(messages.flatMap((message) => (named(message)?.project === project ? [[named(message)!.name, encode(message)] as const] : [])));
  switch (kind) {
    case 'data source':
      return of(registry.dataSources, (message) => message, (message) => toBinary(DataSourceSchema, message));
    case 'feature view':
      return of(registry.featureViews, ({ spec }) => spec, (message) => toBinary(FeatureViewSchema, message));
    case 'entity':
      return of(registry.entities, ({ spec }) => spec, (message) => toBinary(EntitySchema, message));
    case 'feature service':
      return of(registry.featureServices, ({ spec }) => spec, (message) => toBinary(FeatureServiceSchema, message));
  }
}

function otherViewsOf(registry: Registry, project: string): Map<string, OtherView> {
  const own = <M extends { readonly spec?: Named | undefined }>(messages: readonly M[], read: (name: string, bytes: Uint8Array) => OtherView, encode: (message: M) => Uint8Array): [string, OtherView][] =>
    messages.flatMap((message) => (message.spec?.project === project ? [[message.spec.name, read(message.spec.name, encode(message))]] : []));
  return sorted([
    ...own(registry.onDemandFeatureViews, OTHER_VIEWS.on_demand_feature_views, (message) => toBinary(OnDemandFeatureViewSchema, message)),
    ...own(registry.streamFeatureViews, OTHER_VIEWS.stream_feature_views, (message) => toBinary(StreamFeatureViewSchema, message)),
    ...own(registry.labelViews, OTHER_VIEWS.label_views, (message) => toBinary(LabelViewSchema, message)),
  ]);
}

/** The object takes the place of the one that is there, or the last one. The file holds several projects: each object says whose it is. */
function putObject(registry: Registry, project: string, { kind, name, bytes }: StoredObject): void {
  const isIt = (named: Named | undefined): boolean => named?.project === project && named.name === name;
  const put = <M>(messages: M[], message: M, named: (message: M) => Named | undefined): void => {
    const index = messages.findIndex((other) => isIt(named(other)));
    if (index < 0) messages.push(message);
    else messages[index] = message;
  };
  if (kind === 'data source') {
    const message = fromBinary(DataSourceSchema, bytes);
    message.project = project;
    put(registry.dataSources, message, (other) => other);
  } else if (kind === 'feature view') {
    put(registry.featureViews, fromBinary(FeatureViewSchema, bytes), ({ spec }) => spec);
  } else if (kind === 'entity') {
    const message = fromBinary(EntitySchema, bytes);
    (message.spec ??= create(EntitySpecV2Schema)).project = project;
    put(registry.entities, message, ({ spec }) => spec);
  } else {
    const message = fromBinary(FeatureServiceSchema, bytes);
    (message.spec ??= create(FeatureServiceSpecSchema)).project = project;
    put(registry.featureServices, message, ({ spec }) => spec);
  }
}

function removeObject(registry: Registry, project: string, kind: KindName, name: string): void {
  const isOther = (named: Named | undefined): boolean => named?.project !== project || named.name !== name;
  if (kind === 'data source') registry.dataSources = registry.dataSources.filter(isOther);
  else if (kind === 'feature view') registry.featureViews = registry.featureViews.filter(({ spec }) => isOther(spec));
  else if (kind === 'entity') registry.entities = registry.entities.filter(({ spec }) => isOther(spec));
  else registry.featureServices = registry.featureServices.filter(({ spec }) => isOther(spec));
}

import assert from 'node:assert/strict';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LabelViewSchema, LabelViewSpecSchema } from '../../adapters/feast/gen/feast/core/LabelView_pb.ts';
import { OnDemandFeatureViewSchema, OnDemandFeatureViewSpecSchema } from '../../adapters/feast/gen/feast/core/OnDemandFeatureView_pb.ts';
import { type Registry, RegistrySchema } from '../../adapters/feast/gen/feast/core/Registry_pb.ts';
import { StreamFeatureViewSchema, StreamFeatureViewSpecSchema } from '../../adapters/feast/gen/feast/core/StreamFeatureView_pb.ts';
import { fileReader, fileRecords } from '../../adapters/feast/registry/file-records.ts';
import type { RegistryFile } from '../../ports/registry-file.ts';
import type { FeatureRegistryHarness, OtherViewPlace } from './feature-registry-harness.ts';

/** What another program does with a registry file: it reads the whole, changes it, and writes the whole. */
export function fileHarness(file: RegistryFile): Omit<FeatureRegistryHarness, 'connect' | 'breakLocks' | 'close'> {
  const read = async (): Promise<Registry> => fromBinary(RegistrySchema, (await file.read())?.bytes ?? new Uint8Array());
  const change = async (work: (registry: Registry) => void): Promise<void> => {
    const registry = await read();
    const { generation } = (await file.read()) ?? {};
    work(registry);
    assert.ok(await file.write(toBinary(RegistrySchema, registry), generation));
  };
  return {
    message: async (project, kind, name) => (await fileReader(await read(), project).objects(kind)).get(name) ?? assert.fail(`no ${kind} ${name}`),
    rewrite: (project, kind, name, bytes) => change((registry) => void fileRecords(registry, project, () => undefined).put({ kind, name, bytes }, 0)),
    versions: async (project, view) =>
      ((await read()).featureViewVersionHistory?.records ?? []).filter((record) => record.projectId === project && record.featureViewName === view).map(({ versionNumber }) => versionNumber).sort((a, b) => a - b),
    otherViews: async (project, place) => bytesOf(await read(), project, place),
    addOtherView: (project, place, name, bytes) => change((registry) => addView(registry, project, place, name, bytes)),
    removeOtherViews: (project, place) => change((registry) => void removeViews(registry, project, place)),
    writings: () => file.generation(),
  };
}

function bytesOf(registry: Registry, project: string, place: OtherViewPlace): readonly Uint8Array[] {
  if (place === 'on_demand_feature_views') return registry.onDemandFeatureViews.filter(({ spec }) => spec?.project === project).map((view) => toBinary(OnDemandFeatureViewSchema, view));
  if (place === 'stream_feature_views') return registry.streamFeatureViews.filter(({ spec }) => spec?.project === project).map((view) => toBinary(StreamFeatureViewSchema, view));
  return registry.labelViews.filter(({ spec }) => spec?.project === project).map((view) => toBinary(LabelViewSchema, view));
}

function addView(registry: Registry, project: string, place: OtherViewPlace, name: string, bytes: Uint8Array): void {
  if (place === 'on_demand_feature_views') {
    const view = fromBinary(OnDemandFeatureViewSchema, bytes);
    Object.assign((view.spec ??= create(OnDemandFeatureViewSpecSchema)), { name, project });
    registry.onDemandFeatureViews.push(view);
  } else if (place === 'stream_feature_views') {
    const view = fromBinary(StreamFeatureViewSchema, bytes);
    Object.assign((view.spec ??= create(StreamFeatureViewSpecSchema)), { name, project });
    registry.streamFeatureViews.push(view);
  } else {
    const view = fromBinary(LabelViewSchema, bytes);
    Object.assign((view.spec ??= create(LabelViewSpecSchema)), { name, project });
    registry.labelViews.push(view);
  }
}

function removeViews(registry: Registry, project: string, place: OtherViewPlace): void {
  if (place === 'on_demand_feature_views') registry.onDemandFeatureViews = registry.onDemandFeatureViews.filter(({ spec }) => spec?.project !== project);
  else if (place === 'stream_feature_views') registry.streamFeatureViews = registry.streamFeatureViews.filter(({ spec }) => spec?.project !== project);
  else registry.labelViews = registry.labelViews.filter(({ spec }) => spec?.project !== project);
}

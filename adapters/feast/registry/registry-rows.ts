import { type DescMessage, type MessageShape, toJsonString } from '@bufbuild/protobuf';
import type { RegistryRow } from '../../../ports/registry-table.ts';
import { DataSourceSchema } from '../gen/feast/core/DataSource_pb.ts';
import { EntitySchema } from '../gen/feast/core/Entity_pb.ts';
import { FeatureServiceSchema } from '../gen/feast/core/FeatureService_pb.ts';
import { FeatureViewSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { LabelViewSchema } from '../gen/feast/core/LabelView_pb.ts';
import { OnDemandFeatureViewSchema } from '../gen/feast/core/OnDemandFeatureView_pb.ts';
import { ProjectSchema } from '../gen/feast/core/Project_pb.ts';
import type { Registry } from '../gen/feast/core/Registry_pb.ts';
import { StreamFeatureViewSchema } from '../gen/feast/core/StreamFeatureView_pb.ts';

interface Named {
  readonly name: string;
  readonly project?: string;
}

/** Every object of every project of the file, with the parts of its message that are known here, under Feast's names. */
export function registryRows(registry: Registry): readonly RegistryRow[] {
  return [
    ...rowsOf('project', ProjectSchema, registry.projects, ({ spec }) => ({ name: spec?.name ?? '', project: spec?.name ?? '' })),
    ...rowsOf('entity', EntitySchema, registry.entities, ({ spec }) => spec),
    ...rowsOf('data source', DataSourceSchema, registry.dataSources, (source) => source),
    ...rowsOf('feature view', FeatureViewSchema, registry.featureViews, ({ spec }) => spec),
    ...rowsOf('feature service', FeatureServiceSchema, registry.featureServices, ({ spec }) => spec),
    ...rowsOf('on-demand feature view', OnDemandFeatureViewSchema, registry.onDemandFeatureViews, ({ spec }) => spec),
    ...rowsOf('stream feature view', StreamFeatureViewSchema, registry.streamFeatureViews, ({ spec }) => spec),
    ...rowsOf('label view', LabelViewSchema, registry.labelViews, ({ spec }) => spec),
  ];
}

function rowsOf<S extends DescMessage>(kind: string, schema: S, messages: readonly MessageShape<S>[], named: (message: MessageShape<S>) => Named | undefined): readonly RegistryRow[] {
  return messages.map((message) => {
    const { name = '', project = '' } = named(message) ?? {};
    return { project, kind, name, definition: toJsonString(schema, message, { useProtoFieldName: true }) };
  });
}

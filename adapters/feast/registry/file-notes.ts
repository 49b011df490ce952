import { create } from '@bufbuild/protobuf';
import { ProjectMetadataSchema, type Registry } from '../gen/feast/core/Registry_pb.ts';

type Notes = Readonly<Record<string, string>>;

/**
 * The texts that programs keep beside a project's objects: JSON in one field of the file, as Feast's own `set_project_metadata` writes it and `get_project_metadata` reads it. Feast keeps entries
 * that it does not know. Older versions have one identifier in that field, which stays under its name.
 */
export function readNotes({ projectMetadata }: Registry, project: string): Notes {
  const text = projectMetadata.find((entry) => entry.project === project)?.projectUuid ?? '';
  if (text === '') return {};
  try {
    const parsed = JSON.parse(text) as unknown;
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Notes) : { project_uuid: text };
  } catch (error) {
    if (error instanceof SyntaxError) return { project_uuid: text };
    throw error;
  }
}

/** Sets one note; undefined removes it. */
export function writeNotes(registry: Registry, project: string, key: string, value: string | undefined): void {
  const { [key]: _, ...others } = readNotes(registry, project);
  const text = JSON.stringify(value === undefined ? others : { ...others, [key]: value });
  const entry = registry.projectMetadata.find((metadata) => metadata.project === project);
  if (entry === undefined) registry.projectMetadata.push(create(ProjectMetadataSchema, { project, projectUuid: text }));
  else entry.projectUuid = text;
}

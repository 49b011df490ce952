import { PipelineError } from '../../../domain/errors.ts';
import type { NamedModel, ServedModel, UnreadableModel } from '../../../domain/features/served-models.ts';
import type { Ports } from '../../../ports/ports.ts';

type Needs = Pick<Ports, 'tracker' | 'modelPackager'>;

export interface ServedModels {
  /** Those that look features up. */
  readonly models: readonly ServedModel[];
  readonly unreadable: readonly UnreadableModel[];
}

/** The models behind aliases, and the one that `api.model` names past them: by its version, its id or its run. */
export async function readServedModels(needs: Needs, configured: string): Promise<ServedModels> {
  const models: ServedModel[] = [];
  const unreadable: UnreadableModel[] = [];
  for (const { uri, ...named } of await namedModels(needs, configured)) {
    try {
      const { folder } = await needs.tracker.modelFolder(uri);
      const { artifact } = await needs.modelPackager.read(folder);
      if (artifact.features !== undefined) models.push({ ...named, features: artifact.features });
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      // A model of another program is not served here, and asks for no feature.
      if (error.code !== 'UNSUPPORTED') unreadable.push({ ...named, reason: error.message });
    }
  }
  return { models, unreadable };
}

async function namedModels({ tracker }: Needs, configured: string): Promise<readonly (NamedModel & { readonly uri: string })[]> {
  const named = (await tracker.aliasedVersions()).map(({ name, version, aliases }) => ({ name, version, aliases, uri: `models:/${name}/${version}` }));
  // An alias is among those; one that names nothing yet serves nothing.
  if (!/^(models|runs):/.test(configured) || /^models:\/+[^/@]+@[^/@]+$/.test(configured)) return named;
  const [, name, version] = /^models:\/+([^/@]+)\/(\d+)$/.exec(configured) ?? [];
  const same = named.find((model) => model.name === name && model.version === version);
  if (same !== undefined) return named.map((model) => (model === same ? { ...model, isConfigured: true } : model));
  const own = name === undefined || version === undefined ? { name: configured } : { name, version };
  return [...named, { ...own, aliases: [], isConfigured: true, uri: configured }];
}

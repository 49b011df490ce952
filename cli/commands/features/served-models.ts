import { PipelineError } from '../../../domain/errors.ts';
import type { ServedModel } from '../../../domain/features/served-models.ts';
import type { Ports } from '../../../ports/ports.ts';

/** The models behind aliases that look features up. `onSkipped` hears of those whose files cannot be read: nobody can say what they need. */
export async function readServedModels({ tracker, modelPackager }: Pick<Ports, 'tracker' | 'modelPackager'>, onSkipped: (line: string) => void): Promise<readonly ServedModel[]> {
  const models: ServedModel[] = [];
  for (const { name, version, aliases } of await tracker.aliasedVersions()) {
    try {
      const { folder } = await tracker.modelFolder(`models:/${name}/${version}`);
      const { artifact } = await modelPackager.read(folder);
      if (artifact.features !== undefined) models.push({ name, version, aliases, features: artifact.features });
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      // A model of another program is not served here, and asks for no feature.
      if (error.code !== 'UNSUPPORTED') onSkipped(`Model ${name} version ${version} cannot be read, so that nobody knows which features it needs: ${error.message}`);
    }
  }
  return models;
}

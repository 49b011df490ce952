import { PipelineError } from '../../domain/errors.ts';
import type { LocalStack } from '../../ports/local-stack.ts';
import { composeStack, findCompose } from './compose-stack.ts';
import { nativeStack, runningNatively } from './native-stack.ts';
import type { StackSettings } from './settings.ts';

/**
 * The stack by the engine that the settings name. `auto`: native servers that run keep their engine; else compose where a container engine
 * answers; else native.
 */
export async function openLocalStack(settings: StackSettings): Promise<LocalStack> {
  if (settings.engine === 'native') return nativeStack(settings);
  if (settings.engine === 'auto' && (await runningNatively(settings)).length > 0) return nativeStack(settings);
  const compose = await findCompose();
  if (compose !== undefined) return composeStack(settings, compose);
  if (settings.engine === 'auto') return nativeStack(settings);
  throw new PipelineError('UNAVAILABLE', 'STACK_ENGINE=compose, but no container engine answers `docker info`, or it has no compose. Start it, or set STACK_ENGINE=native (Linux).');
}

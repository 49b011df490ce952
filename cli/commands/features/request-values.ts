import { PipelineError, refuseProblems, type Problem } from '../../../domain/errors.ts';
import { canonicalize } from '../../../domain/features/canonical.ts';
import { requestColumns } from '../../../domain/features/on-demand-rows.ts';
import type { FeatureSelection } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { suggestion } from '../../../domain/nearest.ts';

/** What `--request name=value` options give to on-demand features, canonical; an empty value is not known. INVALID_INPUT with every problem: a column that is unknown or missing, a value of another type. */
export function requestValues(selection: FeatureSelection, given: Readonly<Record<string, string>>): Readonly<Record<string, FeatureValue>> {
  const columns = requestColumns(selection);
  const names = columns.map(({ name }) => name);
  const problems: Problem[] = Object.keys(given).filter((name) => !names.includes(name)).map((name) => ({ path: `--request ${name}`, message: 'None of these features is computed from it.', cure: suggestion(name, names) }));
  const values = columns.map(({ name, type }): [string, FeatureValue] => {
    const text = given[name];
    if (text === undefined) problems.push({ path: `--request ${name}`, message: `The request column ${name} (${type}) has no value.`, cure: `Add --request ${name}=..., or ${name}= where it is not known.` });
    try {
      return [name, text === undefined || text === '' ? null : canonicalize(type, type.startsWith('Array(') || type === 'Bool' ? JSON.parse(text) : text)];
    } catch (error) {
      if (!(error instanceof PipelineError || error instanceof SyntaxError)) throw error;
      problems.push({ path: `--request ${name}`, message: error instanceof PipelineError ? error.message : `It does not fit ${type}: it is not JSON.` });
      return [name, null];
    }
  });
  refuseProblems('INVALID_INPUT', 'These features cannot be computed.', problems);
  return Object.fromEntries(values);
}

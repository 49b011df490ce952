import { PipelineError, refuseProblems, type Problem } from '../../../domain/errors.ts';
import { canonicalize } from '../../../domain/features/canonical.ts';
import { keyColumn, type FeatureSelection } from '../../../domain/features/snapshot.ts';
import type { FeatureValue, JoinKeyType } from '../../../domain/features/value-types.ts';
import { suggestion } from '../../../domain/nearest.ts';

export type NamedText = readonly [name: string, value: string];

/** One entity that was asked for. */
export interface EntityRow {
  /** Canonical values by the columns that hold the views' join keys. */
  readonly columns: Readonly<Record<string, FeatureValue>>;
  /** As it was written. */
  readonly text: string;
}

/**
 * The entities that `--entity name=value` options mean: a name that comes several times makes as many entities, one that comes once holds for all of them. INVALID_INPUT with
 * every problem: an unknown or missing join key, a value of another type, names that come a different number of times.
 */
export function entityRows(selection: FeatureSelection, given: readonly NamedText[]): readonly EntityRow[] {
  const types = keyTypes(selection);
  const columns = [...types.keys()];
  const problems: Problem[] = [];
  const texts = new Map<string, string[]>();
  for (const [name, value] of given) {
    if (types.has(name)) texts.set(name, [...(texts.get(name) ?? []), value]);
    else problems.push({ path: `--entity ${name}`, message: 'None of these features has this join key.', cure: suggestion(name, columns) });
  }
  for (const name of columns) if (!texts.has(name)) problems.push({ path: `--entity ${name}`, message: `The join key ${name} (${types.get(name)}) has no value.`, cure: `Add --entity ${name}=...` });
  const count = Math.max(1, ...[...texts.values()].map((values) => values.length));
  for (const [name, values] of texts) {
    if (values.length > 1 && values.length !== count) problems.push({ path: `--entity ${name}`, message: `It comes ${values.length} times, another one ${count} times.`, cure: 'Give each join key once, or once per entity.' });
  }
  const canonical = new Map([...texts].map(([name, values]) => [name, values.map((text) => canonicalKey(name, types.get(name) as JoinKeyType, text, problems))]));
  refuseProblems('INVALID_INPUT', 'These entities cannot be read.', problems);
  return Array.from({ length: count }, (_, row) => {
    const at = <T>(values: readonly T[] | undefined): T => values![values!.length === 1 ? 0 : row]!;
    return {
      columns: Object.fromEntries(columns.map((name) => [name, at(canonical.get(name))])),
      text: columns.map((name) => `${name}=${at(texts.get(name))}`).join(' '),
    };
  });
}

/** Columns in the order in which the views first need them. Join keys of one name have one type in a registry. */
function keyTypes({ views }: FeatureSelection): Map<string, JoinKeyType> {
  const types = new Map<string, JoinKeyType>();
  for (const view of views) for (const { name, type } of view.joinKeys) if (!types.has(keyColumn(view, name))) types.set(keyColumn(view, name), type);
  return types;
}

function canonicalKey(name: string, type: JoinKeyType, text: string, problems: Problem[]): FeatureValue {
  try {
    return canonicalize(type, text);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    problems.push({ path: `--entity ${name}`, message: error.message });
    return null;
  }
}

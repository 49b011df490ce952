/** One output of a model graph: a value per row. */
export interface ModelOutput {
  readonly name: string;
  readonly type: 'float' | 'int64';
}

/** Names that a model graph gives to its outputs; an input column of such a name is refused. */
export function isOutputName(name: string): boolean {
  return name === 'prediction' || name === 'label' || name.startsWith('probability_');
}

/**
 * The outputs of a model graph in order. No classes (regression): `prediction`. Otherwise `label`, the index of the most probable class (the lower
 * one when two are equal), then one `probability_<class>` for each class.
 */
export function modelOutputs(classes: readonly string[]): readonly ModelOutput[] {
  if (classes.length === 0) return [{ name: 'prediction', type: 'float' }];
  return [{ name: 'label', type: 'int64' }, ...probabilityNames(classes).map((name) => ({ name, type: 'float' as const }))];
}

/** Characters other than ASCII letters, digits and `_` become `_`; a name already taken gets `_2`, `_3`, ... behind it. */
export function probabilityNames(classes: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  for (const label of classes) {
    const plain = `probability_${label.replace(/[^A-Za-z0-9_]/gu, '_')}`;
    let name = plain;
    for (let number = 2; taken.has(name); number++) name = `${plain}_${number}`;
    taken.add(name);
  }
  return [...taken];
}

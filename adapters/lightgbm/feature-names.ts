/** Column names as LightGBM takes them, for readers of the model file: letters, digits and `_ = . -`, each once. Columns are told apart by position, never by these names. */
export function featureNames(columns: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return columns.map((column, index) => {
    const plain = column.replaceAll(/[^A-Za-z0-9_=.-]/g, '_');
    let name = plain === '' ? `column_${index}` : plain;
    while (taken.has(name)) name = `${name}_${index}`;
    taken.add(name);
    return name;
  });
}

export type ParameterValue = string | number | bigint | boolean | null | readonly (string | number | bigint | boolean)[];

/** A named parameter as the API takes it: every value as text (cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter). */
export interface ApiParameter {
  readonly name: string;
  readonly parameterType: { type: string; arrayType?: { type: string } };
  readonly parameterValue: { value?: string; arrayValues?: { value: string }[] };
}

/** Values for `@name`. `types` where a value does not tell its own: GoogleSQL's names, an array's by its elements; a missing value without one is a STRING. */
export function apiParameters(parameters: Readonly<Record<string, ParameterValue>>, types: Readonly<Record<string, string>> = {}): ApiParameter[] {
  return Object.entries(parameters).map(([name, value]) => {
    const given = types[name];
    if (value === null || !Array.isArray(value)) return { name, parameterType: { type: given ?? typeOf(value as string | null) }, parameterValue: value === null ? {} : { value: String(value) } };
    const items = value as readonly (string | number)[];
    return { name, parameterType: { type: 'ARRAY', arrayType: { type: given ?? typeOf(items[0] ?? null) } }, parameterValue: { arrayValues: items.map((item) => ({ value: String(item) })) } };
  });
}

/** `@p1`, `@p2`, ...: the values of a bound query (ports/warehouse.ts). */
export function boundParameters(values: readonly (string | number | boolean)[]): Record<string, ParameterValue> {
  return Object.fromEntries(values.map((value, i) => [`p${i + 1}`, value]));
}

function typeOf(value: string | number | bigint | boolean | null): string {
  if (typeof value === 'boolean') return 'BOOL';
  if (typeof value === 'bigint') return 'INT64';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'INT64' : 'FLOAT64';
  return 'STRING';
}

/**
 * Labels as BigQuery takes them (cloud.google.com/bigquery/docs/labels-intro): keys begin with a letter; keys and values are at most 63 small letters, digits, `_` and `-`.
 * Other characters become `_`.
 */
export function legalLabels(labels: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const legal = Object.entries(labels).flatMap(([key, value]) => (value === undefined ? [] : [[legalKey(key), legalText(value)] as const]));
  return Object.fromEntries(legal);
}

function legalKey(key: string): string {
  const text = legalText(key);
  return /^[a-z]/.test(text) ? text : `l${text}`.slice(0, LONGEST);
}

const LONGEST = 63;

function legalText(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9_-]/g, '_').slice(0, LONGEST);
}

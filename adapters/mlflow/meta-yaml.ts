import { readFile } from 'node:fs/promises';
import YAML from 'yaml';
import { PipelineError } from '../../domain/errors.ts';

/** A `meta.yaml` as read: every scalar as the text it is in the file, so that an id of digits, or one that looks like 1e5, stays what it is. */
export type Meta = Readonly<Record<string, unknown>>;

/** Breaks a line, or is refused, where PyYAML reads it unescaped. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** MLflow reads with YAML 1.1 rules: what looks like a number there is quoted, and so are the two words that PyYAML takes for tags and what has to be escaped. */
export function formatYaml(value: unknown): string {
  const document = new YAML.Document(value, { version: '1.1', customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:merge') });
  YAML.visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && (['=', '<<'].includes(node.value) || node.value.search(UNPRINTABLE) >= 0)) node.type = 'QUOTE_DOUBLE';
    },
  });
  const escape = (character: string): string => (character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return document.toString({ lineWidth: 0 }).replace(UNPRINTABLE, escape);
}

/** undefined when the file is not there. INVALID_DATA, naming the file, when it is no mapping. */
export async function readMeta(path: string): Promise<Meta | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = YAML.parse(text, { version: '1.1', schema: 'failsafe' });
  } catch (error) {
    throw new PipelineError('INVALID_DATA', `${path} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PipelineError('INVALID_DATA', `${path} does not hold a YAML mapping.`);
  return value as Meta;
}

/** Text of a field that is never null; empty when it is missing. */
export function metaText(meta: Meta, field: string): string {
  const value = meta[field];
  return typeof value === 'string' ? value : '';
}

/** An id or place; empty when it is missing or null. */
export function metaReference(meta: Meta, field: string): string {
  const text = metaText(meta, field);
  return text === 'null' || text === '~' ? '' : text;
}

/** A whole number; undefined when it is missing or null. */
export function metaNumber(meta: Meta, field: string): number | undefined {
  const text = metaText(meta, field);
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}

/** The file's text with one field set, all else as it was, whoever wrote it. `value`: a number, or text that needs no quotes. */
export function withMetaField(text: string, field: string, value: number | string): string {
  const line = `${field}: ${value}`;
  const pattern = new RegExp(`^${field}:.*(?:\\n[ \\t]+.*)*$`, 'm');
  return pattern.test(text) ? text.replace(pattern, () => line) : `${text.replace(/\n*$/, '\n')}${line}\n`;
}

export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

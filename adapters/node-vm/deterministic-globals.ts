import { TransformFault } from '../../domain/features/on-demand.ts';

const refuse = (what: string, cure: string): never => {
  throw new TransformFault(`its function uses ${what}, which gives other values elsewhere or later; ${cure}`);
};
const LOCAL_PARTS = ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'];
const LOCAL_TEXTS = ['getTimezoneOffset', 'getYear', 'setYear', 'toString', 'toDateString', 'toTimeString', 'toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'];
/** ISO 8601 with its zone, or a date alone, which is UTC by definition. */
const ZONED = /^[+-]?\d{4,6}-\d\d(?:-\d\d)?$|^[+-]?\d{4,6}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/;

/** Date without what depends on the machine: no present instant, no local zone. */
class UtcDate extends Date {
  constructor(...parts: unknown[]) {
    if (parts.length === 0) refuse('the present instant (new Date())', 'declare asOf: true and take as_of');
    if (parts.length > 1) refuse('local time (new Date(year, month, ...))', 'write new Date(Date.UTC(year, month, ...))');
    if (typeof parts[0] === 'string') refuseUnzoned(parts[0]);
    super(parts[0] as number);
  }

  static override now(): number {
    return refuse('the present instant (Date.now())', 'declare asOf: true and take as_of');
  }

  static override parse(text: string): number {
    refuseUnzoned(text);
    return Date.parse(text);
  }
}
const local = [...LOCAL_PARTS.flatMap((part) => [`get${part}`, `set${part}`]), ...LOCAL_TEXTS];
for (const name of local) Object.defineProperty(UtcDate.prototype, name, { value: () => refuse(`the machine's time zone or locale (Date's ${name})`, 'use the methods for UTC') });

function refuseUnzoned(text: string): void {
  if (!ZONED.test(text)) refuse('a time without a zone, or not in ISO 8601', 'write it as 2026-11-23T10:00:00Z');
}

/** Run first in a new context: what takes its answer from the machine's locale or from chance is taken away. */
export const TAKE_AWAY = `
  delete globalThis.Intl; delete globalThis.WebAssembly; delete globalThis.Atomics; delete globalThis.SharedArrayBuffer; delete globalThis.WeakRef; delete globalThis.FinalizationRegistry;
  Object.defineProperty(Math, 'random', { value: refuseRandom });
  for (const type of [String, Number, BigInt, Array, Object, Uint8Array]) {
    for (const name of ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase', 'toLocaleString']) if (Object.hasOwn(type.prototype, name)) Object.defineProperty(type.prototype, name, { value: refuseLocale });
  }
  delete globalThis.refuseRandom; delete globalThis.refuseLocale;
`;

/** What a context begins with beside the language itself. Bytes and dates are of the outer realm, so that values pass for what they are there. */
export function initialGlobals(): object {
  return {
    Uint8Array,
    Date: UtcDate,
    TextEncoder,
    TextDecoder,
    atob,
    btoa,
    structuredClone,
    refuseRandom: () => refuse('chance (Math.random())', 'take a request column'),
    refuseLocale: () => refuse("the machine's locale", 'use toLowerCase, toUpperCase, String() or a comparison by code point'),
  };
}

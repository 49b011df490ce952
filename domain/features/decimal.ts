const DECIMAL_TEXT = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:e([+-]?\d{1,9}))?$/i;
const SPECIAL: Readonly<Record<string, string>> = { nan: 'NaN', inf: 'Infinity', infinity: 'Infinity', '+inf': 'Infinity', '+infinity': 'Infinity', '-inf': '-Infinity', '-infinity': '-Infinity' };
/** What PostgreSQL's numeric holds: more could be kept nowhere, and a short text with a great exponent would fill the memory. */
const MOST_DIGITS = 131_072;
const MOST_FRACTION_DIGITS = 16_383;

/**
 * The one text of a decimal number: the exact value without exponent, plus sign, zeros that say nothing, or a negative zero (`-1.50E+1` is `-15`); `NaN`, `Infinity`, `-Infinity`.
 * undefined for what is no such number or has more digits than PostgreSQL's numeric holds.
 */
export function canonicalDecimal(text: string): string | undefined {
  const match = DECIMAL_TEXT.exec(text);
  if (match === null) return SPECIAL[text.toLowerCase()];
  const [, sign, whole = '', afterWhole, alone, exponent = '0'] = match;
  const fraction = alone ?? afterWhole ?? '';
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return '0';
  const point = digits.length - fraction.length + Number(exponent);
  const significant = digits.replace(/0+$/, '');
  if (point > MOST_DIGITS || significant.length - point > MOST_FRACTION_DIGITS) return undefined;
  const magnitude = point <= 0 ? `0.${'0'.repeat(-point)}${significant}` : point >= significant.length ? significant.padEnd(point, '0') : `${significant.slice(0, point)}.${significant.slice(point)}`;
  return sign === '-' ? `-${magnitude}` : magnitude;
}

/**
 * The Float32 nearest to a decimal number (digits, optional fraction and exponent), ties to the even one, in one rounding; infinite where it is too large.
 * `Math.fround(Number(text))` rounds twice: a number just beside the middle of two Float32 first becomes that middle, and may then fall to the wrong side.
 */
export function float32OfDecimal(text: string): number {
  const wide = Number(text);
  const nearest = Math.fround(wide);
  const doubleAndRest = wide - nearest;
  if (doubleAndRest === 0 || !Number.isFinite(nearest)) return nearest;
  const other = neighbour(nearest, doubleAndRest > 0);
  // Only in the very middle does the first rounding decide.
  if (!Number.isFinite(other) || Math.abs(doubleAndRest) !== Math.abs(other - wide)) return nearest;
  const side = compareDecimal(text, wide);
  if (side === 0) return nearest;
  return side > 0 ? Math.max(nearest, other) : Math.min(nearest, other);
}

/** The next Float32 above or below. */
function neighbour(value: number, above: boolean): number {
  if (value === 0) return above ? 2 ** -149 : -(2 ** -149);
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  bits.setInt32(0, bits.getInt32(0) + (above === value > 0 ? 1 : -1));
  return bits.getFloat32(0);
}

/** Whether the decimal number is greater (1) or less (-1) than the double, exactly. */
function compareDecimal(text: string, double: number): number {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) throw new RangeError(`${text} is not a decimal number`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const tens = Number(exponent) - fraction.length;
  // A double is a whole number of 2^-1074; here both sides are scaled to whole numbers.
  let mantissa = double;
  let twos = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    twos++;
  }
  const left = digits * 10n ** BigInt(Math.max(tens, 0)) * 2n ** BigInt(twos);
  const right = BigInt(mantissa) * 10n ** BigInt(Math.max(-tens, 0));
  return left > right ? 1 : left < right ? -1 : 0;
}

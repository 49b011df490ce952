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

/** Puts the places of the wanted fields, of one hash read as a whole, into `target` from `offset`: names and values come by turns, as HGETALL answers. */
export type FieldPicker = (bytes: Buffer, places: Int32Array, count: number, target: Int32Array, offset: number) => void;

/** A picker for hashes one after the other: mostly they have the same fields in the same order, so that names are only compared. `seen` learns of widths, in fields. */
export function createFieldPicker(wanted: readonly Buffer[], seen: (fields: number) => void): FieldPicker {
  const itemOf = new Int32Array(wanted.length).fill(-1);
  let names: Buffer[] = [];
  return (bytes, places, count, target, offset) => {
    if (!hasNames(names, bytes, places, count)) {
      names = namesIn(bytes, places, count);
      seen(names.length);
      const byName = new Map(names.map((name, index) => [name.toString('latin1'), index * 2 + 1]));
      wanted.forEach((name, index) => (itemOf[index] = byName.get(name.toString('latin1')) ?? -1));
    }
    for (let index = 0, at = offset; index < itemOf.length; index++, at += 2) {
      const item = itemOf[index]!;
      target[at] = item < 0 ? -1 : places[item * 2]!;
      target[at + 1] = item < 0 ? -1 : places[item * 2 + 1]!;
    }
  };
}

function hasNames(names: readonly Buffer[], bytes: Buffer, places: Int32Array, count: number): boolean {
  if (names.length * 2 !== count) return false;
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const start = places[index * 4]!;
    if (places[index * 4 + 1] !== name.length) return false;
    for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false;
  }
  return true;
}

/** Copies: the bytes that came are not kept for them. */
function namesIn(bytes: Buffer, places: Int32Array, count: number): Buffer[] {
  return Array.from({ length: count / 2 }, (_, index) => Buffer.from(bytes.subarray(places[index * 4]!, places[index * 4]! + places[index * 4 + 1]!)));
}

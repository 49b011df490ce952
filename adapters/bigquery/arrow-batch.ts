import { Type, tableFromIPC } from '@uwdata/flechette';

/** A column of an Arrow record batch: its buffers as typed arrays over the message, nothing decoded (arrow.apache.org/docs/format/Columnar.html). */
export interface ArrowColumn {
  readonly type: ArrowType;
  readonly length: number;
  readonly nullCount: number;
  /** A bit for each row, the lowest of a byte first; 0: no value. Of no meaning where `nullCount` is 0. */
  readonly validity: Uint8Array | undefined;
  readonly values: ArrayBufferView | undefined;
  /** Of texts, bytes and lists: where the value of each row begins, and where the last one ends. */
  readonly offsets: Int32Array | undefined;
  /** Of a list: its elements. */
  readonly children: readonly ArrowColumn[] | undefined;
}

/** What of an Arrow type decides how values are read. */
export interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly precision?: number;
}

export const ArrowKind = Type;

export interface ArrowBatch {
  readonly rowCount: number;
  readonly columns: ReadonlyMap<string, ArrowColumn>;
}

/**
 * Takes a schema message and a record batch message of Arrow's IPC format, as the Storage Read API sends them, apart. No value is copied but where the message does not lie on a
 * border of eight bytes, as typed arrays need it: then the message is, once.
 */
export function readArrowBatch(schema: Uint8Array, batch: Uint8Array): ArrowBatch {
  const table = tableFromIPC([aligned(schema), aligned(batch)], { useBigInt: true, useDecimalInt: true });
  const columns = new Map<string, ArrowColumn>();
  table.schema.fields.forEach(({ name }, i) => {
    const [data] = table.getChildAt(i).data;
    if (data !== undefined) columns.set(name, data as unknown as ArrowColumn);
  });
  return { rowCount: table.numRows, columns };
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 && !Buffer.isBuffer(bytes) ? bytes : bytes.byteOffset % 8 === 0 ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
}

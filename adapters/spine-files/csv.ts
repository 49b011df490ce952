import { createReadStream } from 'node:fs';
import { PipelineError } from '../../domain/errors.ts';

/** A field: its text, or null where there is nothing between the commas ("" is an empty text). */
export type CsvField = string | null;

/** The records of a CSV file (RFC 4180, UTF-8, a byte order mark is skipped), a chunk of the file at a time. INVALID_DATA for a quote that never ends. */
export async function* readCsv(path: string): AsyncGenerator<readonly CsvField[][]> {
  const parser = new CsvParser();
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const records = parser.parse(chunk as string);
    if (records.length > 0) yield records;
  }
  const last = parser.finish(path);
  if (last.length > 0) yield last;
}

class CsvParser {
  #text = '';
  #record: CsvField[] = [];
  #started = false;

  parse(chunk: string): CsvField[][] {
    const text = this.#started ? this.#text + chunk : chunk.replace(/^\uFEFF/, '');
    this.#started = true;
    return this.#records(text, false);
  }

  finish(path: string): CsvField[][] {
    const records = this.#records(`${this.#text}\n`, true);
    if (this.#text !== '') throw new PipelineError('INVALID_DATA', `${path} cannot be read: a quoted field has no end. Close its quotation mark.`);
    return records;
  }

  /** Reads fields until one is not complete: it may go on in the next chunk. */
  #records(text: string, last: boolean): CsvField[][] {
    const records: CsvField[][] = [];
    let at = 0;
    for (;;) {
      const field = readField(text, at, last);
      if (field === undefined) break;
      this.#record.push(field.value);
      at = field.next;
      if (field.endsRecord) {
        if (this.#record.length > 1 || this.#record[0] !== null) records.push(this.#record); // an empty line is none
        this.#record = [];
      }
    }
    this.#text = text.slice(at);
    return records;
  }
}

function readField(text: string, start: number, last: boolean): { readonly value: CsvField; readonly next: number; readonly endsRecord: boolean } | undefined {
  if (start >= text.length) return undefined;
  let at = start;
  let value: CsvField;
  if (text[at] === '"') {
    at++;
    while (text[at] !== '"' || text[at + 1] === '"') {
      if (at >= text.length) return undefined;
      at += text[at] === '"' ? 2 : 1;
    }
    value = text.slice(start + 1, at).replaceAll('""', '"');
    at++;
  } else {
    while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at++;
    value = at === start ? null : text.slice(start, at);
  }
  // Whether a quote is doubled, or a line ends with two characters, shows only behind it.
  if (at >= text.length || (text[at] === '\r' && at + 1 >= text.length && !last)) return undefined;
  if (text[at] === ',') return { value, next: at + 1, endsRecord: false };
  return { value, next: text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1, endsRecord: true };
}

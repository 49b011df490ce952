/** Text that is not JSON: what a reader wanted, and where (in UTF-16 units from 0). */
export class JsonTextError extends Error {
  readonly position: number;

  constructor(reason: string, position: number) {
    super(reason);
    this.position = position;
  }
}

/** Below this many digits every whole number is exact as a JavaScript number. */
const LONG_NUMBER = /\d{16}/;
const DEEPEST = 200;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null, NaN: Number.NaN, Infinity, '-Infinity': -Infinity };
const WORD = /true|false|null|NaN|-?Infinity/y;

/**
 * The value of JSON text in which whole numbers keep all their digits: those beyond 2^53 become bigints. NaN, Infinity and -Infinity are taken too, as Python's json takes
 * them. Throws a JsonTextError, with the reason in the words of Python's json.
 */
export function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // Not JSON as JavaScript has it: below it is read once more, to say where, or to take what Python takes.
    }
  }
  return new Scanner(text).document();
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value(0);
    if (this.#at < this.#text.length) throw new JsonTextError('Extra data', this.#at);
    return value;
  }

  /** The value and the space around it. */
  #value(depth: number): unknown {
    this.#take(SPACE);
    const start = this.#at;
    const first = this.#text[start];
    if (depth > DEEPEST) throw new JsonTextError(`Nested deeper than ${DEEPEST}`, start);
    const value = first === '{' ? this.#object(depth) : first === '[' ? this.#array(depth) : first === '"' ? this.#string() : this.#scalar(start);
    this.#take(SPACE);
    return value;
  }

  #object(depth: number): unknown {
    const members: [string, unknown][] = [];
    this.#at++;
    this.#take(SPACE);
    if (this.#skip('}')) return {};
    do {
      this.#take(SPACE);
      if (this.#text[this.#at] !== '"') throw new JsonTextError('Expecting property name enclosed in double quotes', this.#at);
      const key = this.#string();
      this.#take(SPACE);
      if (!this.#skip(':')) throw new JsonTextError("Expecting ':' delimiter", this.#at);
      members.push([key, this.#value(depth + 1)]);
    } while (this.#skip(','));
    if (!this.#skip('}')) throw new JsonTextError("Expecting ',' delimiter", this.#at);
    return Object.fromEntries(members);
  }

  #array(depth: number): unknown {
    const items: unknown[] = [];
    this.#at++;
    this.#take(SPACE);
    if (this.#skip(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#skip(','));
    if (!this.#skip(']')) throw new JsonTextError("Expecting ',' delimiter", this.#at);
    return items;
  }

  #string(): string {
    const start = this.#at;
    const token = this.#take(STRING);
    if (token === undefined) throw new JsonTextError('Unterminated or invalid string starting at', start);
    return JSON.parse(token) as string;
  }

  #scalar(start: number): unknown {
    const word = this.#take(WORD);
    if (word !== undefined) return WORDS[word];
    NUMBER.lastIndex = start;
    const number = NUMBER.exec(this.#text);
    if (number === null) throw new JsonTextError('Expecting value', start);
    this.#at = NUMBER.lastIndex;
    const value = Number(number[0]);
    return number[1] === undefined && number[2] === undefined && !Number.isSafeInteger(value) ? BigInt(number[0]) : value;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token !== undefined) this.#at += token.length;
    return token;
  }
}

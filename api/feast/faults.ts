/** One thing that is wrong with a request body, as FastAPI reports it. */
export interface BodyProblem {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** An answer that is not 200: its status and its JSON body, in the shapes of Feast's feature server. */
export class FeastFault extends Error {
  readonly status: number;
  readonly body: unknown;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, body: unknown, retryAfter?: number) {
    super(message);
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

/** Feast's own errors: the body is a JSON string that holds JSON, from which Feast's clients make the same Python exception. */
export function feastError(status: number, className: string, message: string, retryAfter?: number): FeastFault {
  const detail = `{"module": "feast.errors", "class": ${pythonJson(className)}, "message": ${pythonJson(message)}}`;
  return new FeastFault(status, message, detail, retryAfter);
}

/** Any other Python exception: its text as a JSON string. */
export function exceptionText(message: string, status = 500, retryAfter?: number): FeastFault {
  return new FeastFault(status, message, message, retryAfter);
}

/** A Python KeyError, whose text is its key as Python writes it. */
export function keyError(message: string): FeastFault {
  return exceptionText(pythonRepr(message));
}

export function unprocessable(problems: readonly BodyProblem[]): FeastFault {
  return new FeastFault(422, problems.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '), { detail: problems });
}

/** A text as Python's repr writes it. */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t]/g, (character) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[character] ?? character);
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

export function pythonList(texts: readonly string[]): string {
  return `[${texts.map(pythonRepr).join(', ')}]`;
}

/** Python's json.dumps writes what is not ASCII as \uXXXX. */
function pythonJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Where a position of an SQL text lies. */
export type SqlPlace = 'code' | 'string' | 'name' | 'comment';

type State = { readonly place: SqlPlace; readonly end: string };
const CODE: State = { place: 'code', end: '' };

/** Reads SQL piece by piece and knows whether its end lies in code, a string, a quoted name or a comment. */
export interface SqlScanner {
  read(text: string): void;
  place(): SqlPlace;
  /** The last word or character of code, in capitals; blanks and comments do not count. */
  lastToken(): string;
}

export function createSqlScanner(backslashEscapes: boolean): SqlScanner {
  let state: State = CODE;
  let token = '';
  let joined = false;

  /** Takes what begins at `at`; the number of characters taken. */
  const step = (text: string, at: number): number => {
    const rest = text.slice(at, at + 66);
    if (state !== CODE) {
      if (state.place !== 'comment' && rest.startsWith('\\') && (backslashEscapes || state.end === "\\'")) return 2;
      const end = state.end === "\\'" ? "'" : state.end;
      if (!rest.startsWith(end)) return 1;
      state = CODE;
      return end.length;
    }
    const opened = opening(rest, token, joined);
    if (opened !== undefined) {
      state = opened.state;
      if (state.place !== 'comment') token = rest.slice(0, opened.length);
      joined = false;
      return opened.length;
    }
    const word = /^[A-Za-z_0-9$]/.test(rest);
    if (!/^\s/.test(rest)) token = word && joined ? token + rest.slice(0, 1).toUpperCase() : rest.slice(0, 1).toUpperCase();
    joined = word;
    return 1;
  };

  return {
    read(text) {
      for (let at = 0; at < text.length; ) at += step(text, at);
    },
    place: () => state.place,
    lastToken: () => token,
  };
}

/** A doubled quote ends a string and begins the next one at once, so it needs no rule of its own. */
function opening(rest: string, token: string, joined: boolean): { readonly state: State; readonly length: number } | undefined {
  if (rest.startsWith('--')) return { state: { place: 'comment', end: '\n' }, length: 2 };
  if (rest.startsWith('/*')) return { state: { place: 'comment', end: '*/' }, length: 2 };
  if (rest.startsWith("'")) return { state: { place: 'string', end: joined && token === 'E' ? "\\'" : "'" }, length: 1 };
  if (rest.startsWith('"') || rest.startsWith('`')) return { state: { place: 'name', end: rest.slice(0, 1) }, length: 1 };
  const dollar = joined ? null : /^\$([A-Za-z_]\w*)?\$/.exec(rest);
  return dollar === null ? undefined : { state: { place: 'string', end: dollar[0] }, length: dollar[0].length };
}

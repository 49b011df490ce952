/** Colours that stay apart for colour-blind readers (Okabe and Ito's set, without yellow). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;
export const GREY = '#8a8a8a';
const FONT = 'font-family="Helvetica, Arial, sans-serif"';

/** A whole SVG file with a white ground, so that it reads on dark pages, too. */
export function svgFile(width: number, height: number, title: string, parts: readonly string[]): string {
  const heading = text(width / 2, 22, title, { size: 15, anchor: 'middle' });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    heading,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

export function text(x: number, y: number, content: string, style: { readonly size?: number; readonly anchor?: 'start' | 'middle' | 'end'; readonly colour?: string; readonly turned?: boolean } = {}): string {
  const turn = style.turned === true ? ` transform="rotate(-90 ${round(x)} ${round(y)})"` : '';
  return `<text x="${round(x)}" y="${round(y)}" ${FONT} font-size="${style.size ?? 11}" text-anchor="${style.anchor ?? 'start'}" fill="${style.colour ?? '#222222'}"${turn}>${escape(content)}</text>`;
}

export function line(from: readonly [number, number], to: readonly [number, number], colour: string, dashed = false): string {
  return `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" stroke="${colour}"${dashed ? ' stroke-dasharray="4 4"' : ''}/>`;
}

export function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`;
}

export function polyline(points: readonly (readonly [number, number])[], colour: string): string {
  return `<polyline points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8"/>`;
}

export function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="3.2" fill="${colour}"/>`;
}

/** A number as a label: four significant digits. */
export function label(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Labels that do not fit are cut. */
export function shorten(content: string, length: number): string {
  return content.length <= length ? content : `${content.slice(0, length - 1)}\u2026`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replace(/\p{Cc}/gu, ' ');
}

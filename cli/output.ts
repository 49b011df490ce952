/** Where a command writes: results to standard output, all else to standard error, so that `--json` output can be piped. */
export interface Output {
  readonly json: boolean;
  /** Whether people watch: progress is then redrawn in place. */
  readonly interactive: boolean;
  /** The command's result: as JSON with `--json`, else as the lines for people. */
  result(value: unknown, lines: readonly string[]): void;
  /** A line on what is going on; nothing with `--json`. */
  note(line: string): void;
  /** Redraws the block of lines written by the last call. Without a terminal it writes nothing. */
  redraw(lines: readonly string[]): void;
  /** Leaves the last block where it is. */
  settle(): void;
}

export function createOutput(json: boolean, stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr): Output {
  const interactive = !json && stderr.isTTY === true;
  let drawn = 0;
  const clear = (): void => {
    if (drawn > 0) stderr.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  return {
    json,
    interactive,
    result: (value, lines) => void stdout.write(json ? `${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))}\n` : lines.map((line) => `${line}\n`).join('')),
    note: (line) => {
      clear();
      if (!json) stderr.write(`${line}\n`);
    },
    redraw: (lines) => {
      if (!interactive) return;
      clear();
      const width = stderr.columns || 120;
      stderr.write(lines.map((line) => `${line.length > width ? `${line.slice(0, width - 1)}…` : line}\n`).join(''));
      drawn = lines.length;
    },
    settle: () => {
      drawn = 0;
    },
  };
}

/** `1 interval`, `2 intervals`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** Columns padded to their widest cell, two spaces between. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = header.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd();
  return [line(header), ...rows.map(line)];
}

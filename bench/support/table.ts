/** Lays out rows as text: the first column to the left, the others, which are numbers, to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  return `${lines.join('\n')}\n`;
}

/** 123456 as `123,456`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

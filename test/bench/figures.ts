/** One line of the table. */
export interface Figure {
  what: string;
  /** In `unit`. */
  value: number;
  unit: 'ms' | 's' | 'MB' | 'KB' | '/s' | '%' | '×';
  /** What it is measured against in the same run: `value / reference`. */
  against?: { what: string; value: number };
  /** What is asked for, in the same unit. */
  target?: number;
}

/** The value below which `share` (0 to 1) of all samples lie. */
export function percentile(samples: number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How long each of `count` runs took, in milliseconds, after `warmUp` runs that do not count. */
export async function timed(count: number, run: () => unknown, warmUp = 5): Promise<number[]> {
  const samples: number[] = [];
  for (let index = -warmUp; index < count; index += 1) {
    const begun = performance.now();
    await run();
    if (index >= 0) samples.push(performance.now() - begun);
  }
  return samples;
}

const shown = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);

export function printTable(figures: Figure[]): void {
  const rows = figures.map(({ what, value, unit, against, target }) => [
    what,
    `${shown(value)} ${unit}`,
    target === undefined ? '' : `${shown(target)} ${unit}`,
    against ? `${shown(against.value)} ${unit} (${against.what})` : '',
    against ? shown(value / against.value) : '',
  ]);
  const table = [['what', 'measured', 'asked for', 'beside', 'ratio'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]): string =>
    `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = table;
  console.log(
    [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)].join('\n'),
  );
}

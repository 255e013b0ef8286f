/** Bytes that the half lines of all machines may take together. */
export const HALF_LINES_BYTES = 268_435_456;

/** One machine's line that has not ended. */
export interface HalfLine {
  /** Goes on with it as with one that is too long. */
  skip(): void;
}

/**
 * One sum for the half lines of all machines of this process: each may have 4 MiB, and thousands of machines
 * that all begin such a line must not take the gateway's memory. When the sum is met, the longest is given
 * up: of a result, its id and exit code are still found.
 */
export class HalfLines {
  private readonly sizes = new Map<HalfLine, number>();
  private sum = 0;

  constructor(private readonly limitBytes = HALF_LINES_BYTES) {}

  get bytes(): number {
    return this.sum;
  }

  /** @param bytes that it takes now; 0: it is no more */
  set(line: HalfLine, bytes: number): void {
    this.sum += bytes - (this.sizes.get(line) ?? 0);
    if (bytes === 0) this.sizes.delete(line);
    else this.sizes.set(line, bytes);
    while (this.sum > this.limitBytes) this.longest().skip();
  }

  private longest(): HalfLine {
    let longest: [HalfLine, number] | null = null;
    for (const entry of this.sizes) if (longest === null || entry[1] > longest[1]) longest = entry;
    if (longest === null) throw new Error('the sum of no half lines is not 0');
    return longest[0];
  }
}

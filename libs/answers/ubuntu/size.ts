const UNITS: Record<string, number> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  P: 2 ** 50,
};
const FORM = /^(\d+(?:\.\d+)?)\s*([BKMGTP]?)(?:i?B)?$/i;

export interface Size {
  bytes?: number;
  /** Of the device that contains it. */
  percent?: number;
  /** What is left. */
  rest?: true;
}

/** A size as Subiquity reads it: bytes, `20G`, `50%`, or -1 for the rest. Null for anything else. */
export function readSize(value: unknown): Size | null {
  if (typeof value === 'number') {
    if (value === -1) return { rest: true };
    return Number.isInteger(value) && value >= 0 ? { bytes: value } : null;
  }
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (text === '-1') return { rest: true };
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent) return { percent: Number(percent[1]) };
  const parts = FORM.exec(text);
  const unit = UNITS[(parts?.[2] ?? '').toUpperCase()];
  return parts && unit !== undefined ? { bytes: Math.round(Number(parts[1]) * unit) } : null;
}

export function sizeFault(value: string): { message: string; remedy: string } | null {
  const size = readSize(value);
  if (size && (size.percent ?? 1) <= 100) return null;
  return {
    message: `${JSON.stringify(value.slice(0, 40))} is not a size`,
    remedy: 'give bytes, or text such as 512M, 20G or 50%, or -1 for the rest',
  };
}

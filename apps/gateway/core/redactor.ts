/** Shorter values are not looked for: they would cross out half of every output. */
const SHORTEST_SECRET = 4;
const MASK = 0x2a;
/** How an agent and this gateway mark what they have cut from the middle of an output. */
const CUT = /\n… \d+ bytes cut …\n/;

/**
 * The forms in which a script may print a value that it was given: as it is, and as shells' traces, JSON,
 * URLs and base64 write it.
 */
function formsOf(secret: string): string[] {
  const forms = [
    secret,
    secret.trim(),
    secret.replaceAll("'", `'\\''`),
    secret.replaceAll("'", "''"),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ];
  return forms.filter((form) => form.length >= SHORTEST_SECRET);
}

/**
 * Crosses out secrets in a stream of bytes, also where one is cut over two pieces: what may be the beginning
 * of a secret is held back until the next piece shows. Each byte of a secret becomes `*`, so that offsets and
 * lengths stay true.
 */
export class Redactor {
  private readonly forms: Buffer[];
  private held = Buffer.alloc(0);

  constructor(secrets: readonly string[]) {
    const forms = new Set(secrets.flatMap(formsOf));
    // Longest first: a secret that is part of another is crossed out with it.
    this.forms = [...forms].sort((a, b) => b.length - a.length).map((form) => Buffer.from(form));
  }

  get isIdle(): boolean {
    return this.forms.length === 0;
  }

  /** Bytes that were held back. */
  get pending(): number {
    return this.held.length;
  }

  /** @returns what can be shown now */
  push(piece: Buffer): Buffer {
    if (this.isIdle) return piece;
    const bytes = Buffer.concat([this.held, piece]);
    this.mask(bytes);
    const keep = this.beginningAt(bytes);
    this.held = Buffer.from(bytes.subarray(bytes.length - keep));
    return bytes.subarray(0, bytes.length - keep);
  }

  /** The rest of a stream that has ended, or of one that goes on somewhere else. */
  flush(): Buffer {
    const rest = this.held;
    this.held = Buffer.alloc(0);
    return rest;
  }

  /**
   * A whole text. Where its middle was cut out, a secret that lost its other half there is crossed out too.
   */
  text(text: string): string {
    if (this.isIdle) return text;
    const [cut] = CUT.exec(text) ?? [];
    if (cut === undefined) return this.all(Buffer.from(text)).toString();
    const at = text.indexOf(cut);
    const head = this.all(Buffer.from(text.slice(0, at)));
    const tail = this.all(Buffer.from(text.slice(at + cut.length)));
    head.fill(MASK, head.length - this.beginningAt(head));
    tail.fill(MASK, 0, this.endingAt(tail));
    return `${head.toString()}${cut}${tail.toString()}`;
  }

  private all(bytes: Buffer): Buffer {
    this.mask(bytes);
    return bytes;
  }

  private mask(bytes: Buffer): void {
    for (const form of this.forms)
      for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + form.length))
        bytes.fill(MASK, at, at + form.length);
  }

  /** Length of the longest end of `bytes` that a secret begins with. */
  private beginningAt(bytes: Buffer): number {
    return this.longest(bytes, (form, length) =>
      bytes.subarray(bytes.length - length).equals(form.subarray(0, length)),
    );
  }

  /** Length of the longest start of `bytes` that a secret ends with. */
  private endingAt(bytes: Buffer): number {
    return this.longest(bytes, (form, length) =>
      bytes.subarray(0, length).equals(form.subarray(form.length - length)),
    );
  }

  private longest(bytes: Buffer, fits: (form: Buffer, length: number) => boolean): number {
    let longest = 0;
    for (const form of this.forms)
      for (let length = Math.min(form.length - 1, bytes.length); length > longest; length -= 1)
        if (fits(form, length)) longest = length;
    return longest;
  }
}

import { FormScanner, FormTree } from './form-scanner.js';
import { formsOf, type SecretForm } from './secret-forms.js';

const MASK = 0x2a;
/** How an agent and this gateway mark what they have cut from the middle of an output. */
const CUT = /\n… \d+ bytes cut …\n/;
/** U+FFFD in UTF-8: what an agent puts in the place of a character that its cut went through. */
const REPLACED = Buffer.from('\uFFFD');

/** What is looked for, made once for all streams of a run. */
export class Secrets {
  readonly isEmpty: boolean;
  private readonly forms: readonly SecretForm[];
  private readonly forwards: Trees;
  private backwards: Trees | undefined;

  constructor(secrets: readonly string[]) {
    this.forms = formsOf(secrets);
    this.isEmpty = this.forms.length === 0;
    this.forwards = new Trees(this.forms);
  }

  /** Bytes of the longest form, wrapped as narrow as programs wrap. */
  get longest(): number {
    return this.forwards.longest;
  }

  /** For a stream from its beginning. */
  scanners(): FormScanner[] {
    return this.forwards.scanners();
  }

  /** For a stream from its end, byte by byte towards its beginning. */
  scannersBackwards(): FormScanner[] {
    this.backwards ??= new Trees(
      this.forms.map(({ bytes, wraps, before, after }) => ({
        bytes: Buffer.from(bytes).reverse(),
        wraps,
        before: after,
        after: before,
      })),
    );
    return this.backwards.scanners();
  }
}

/** Forms that may be wrapped have a tree of their own. */
class Trees {
  private readonly trees: { tree: FormTree; wraps: boolean }[];

  constructor(forms: readonly SecretForm[]) {
    this.trees = [false, true].map((wraps) => ({
      tree: new FormTree(forms.filter((form) => form.wraps === wraps)),
      wraps,
    }));
  }

  get longest(): number {
    const [plain = 0, wrapping = 0] = this.trees.map(({ tree }) => tree.longest);
    // openssl wraps after 64 characters, with a carriage return on Windows.
    return Math.max(plain, wrapping + 2 * Math.ceil(wrapping / 64));
  }

  scanners(): FormScanner[] {
    return this.trees.map(({ tree, wraps }) => new FormScanner(tree, wraps));
  }
}

/**
 * Crosses out secrets in a stream of bytes, also where one is cut over two pieces: what may be the beginning
 * of a secret, or of a longer one than was found, is held back until the next piece shows. Each byte of a
 * secret becomes `*`, so that offsets and lengths stay true. Takes time in proportion to the stream alone.
 */
export class Redactor {
  private readonly secrets: Secrets;
  private scanners: FormScanner[] = [];
  private held = Buffer.alloc(0);
  /** Bytes of this part of the stream that were shown. */
  private shown = 0;
  private scanned = 0;
  private afterGap = false;
  /** Where that ends which a secret before the gap has left behind it. */
  private ending = 0;

  constructor(secrets: readonly string[] | Secrets) {
    this.secrets = secrets instanceof Secrets ? secrets : new Secrets(secrets);
    this.begin();
  }

  get isIdle(): boolean {
    return this.secrets.isEmpty;
  }

  /** Bytes that were held back. */
  get pending(): number {
    return this.held.length;
  }

  /** @returns what can be shown now */
  push(piece: Buffer): Buffer {
    if (this.isIdle) return piece;
    this.held = Buffer.concat([this.held, piece]);
    if (this.afterGap && this.held.length < this.secrets.longest) return Buffer.alloc(0);
    this.scan();
    return this.release(Math.min(...this.scanners.map((scanner) => this.openFrom(scanner))));
  }

  /** The rest of a stream that has ended. */
  flush(): Buffer {
    this.scan();
    return this.release(this.scanned);
  }

  /**
   * The rest before bytes that never came; what is pushed next comes after them. A secret that lost its other
   * half there is crossed out too; for that as much as the longest form is held back after the gap.
   */
  gap(): Buffer {
    this.scan();
    for (const scanner of this.scanners) scanner.cut();
    const rest = this.release(this.scanned);
    this.begin();
    this.afterGap = !this.isIdle;
    return rest;
  }

  /**
   * A whole text. Where its middle was cut out, a secret that lost its other half there is crossed out too.
   *
   * @param bytes how many the stream had before an agent cut it; without it every mark in the text may be the
   *   agent's. A script that prints marks can add to what is crossed out and take nothing away from it.
   */
  text(text: string, bytes?: number): string {
    if (this.isIdle) return text;
    const cuts = CUT.test(text) ? cutsOf(text, bytes) : [];
    const whole = Buffer.from(text);
    const length = whole.length;
    const forwards = this.secrets.scanners();
    sweep(forwards, whole, new Map(cuts.flatMap(({ head }) => endsOfHead(whole, head))));
    const backwards = cuts.length > 0 ? this.secrets.scannersBackwards() : [];
    const mirrored = Buffer.from(whole).reverse();
    const turned = cuts.flatMap(({ tail }) => beginningsOfTail(whole, tail));
    sweep(backwards, mirrored, new Map(turned.map(([at, end]) => [length - at, length - end])));
    for (const scanner of backwards) scanner.paint(mirrored, 0, MASK);
    const painted = cuts.length > 0 ? mirrored.reverse() : whole;
    for (const scanner of forwards) scanner.paint(painted, 0, MASK);
    return painted.toString();
  }

  private begin(): void {
    this.scanners = this.secrets.scanners();
    this.shown = 0;
    this.scanned = 0;
    this.afterGap = false;
    this.ending = 0;
  }

  private scan(): void {
    if (this.afterGap) this.ending = this.findEnding();
    this.afterGap = false;
    const fresh = this.held.subarray(this.scanned - this.shown);
    sweep(this.scanners, fresh);
    this.scanned += fresh.length;
  }

  /** After a gap: how far that goes which a secret ends with. */
  private findEnding(): number {
    const beginning = Buffer.from(this.held.subarray(0, this.secrets.longest)).reverse();
    const scanners = this.secrets.scannersBackwards();
    sweep(scanners, beginning);
    return Math.max(...scanners.map(({ openFrom }) => beginning.length - openFrom));
  }

  private openFrom(scanner: FormScanner): number {
    const from = scanner.openFrom;
    const before = this.held[from - 1 - this.shown];
    return before !== undefined && scanner.tree.beforeByte[before] === 1 ? from - 1 : from;
  }

  private release(to: number): Buffer {
    const bytes = Buffer.from(this.held.subarray(0, to - this.shown));
    if (this.ending > this.shown) bytes.fill(MASK, 0, Math.min(this.ending - this.shown, bytes.length));
    for (const scanner of this.scanners) scanner.paint(bytes, this.shown, MASK);
    this.held = Buffer.from(this.held.subarray(bytes.length));
    this.shown = to;
    return bytes;
  }
}

/** @param cuts after how many bytes the stream is cut, and where the cut is if the rest is none of it */
function sweep(scanners: readonly FormScanner[], bytes: Buffer, cuts?: ReadonlyMap<number, number>): void {
  const stops = [...(cuts ?? [])].sort(([one], [other]) => one - other);
  for (const scanner of scanners) {
    let from = 0;
    for (const [stop, end] of stops) {
      scanner.take(bytes, from, stop);
      scanner.cut(end);
      from = stop;
    }
    scanner.take(bytes, from, bytes.length);
  }
}

/** A mark in the middle of a text, in bytes of UTF-8: where it begins and where the text goes on. */
interface Cut {
  head: number;
  tail: number;
}

/**
 * The marks that may be the agent's. The bytes of a stream are those before its mark, those behind it and
 * those that the mark names; each U+FFFD stands for one to three bytes. For the true mark this always holds.
 */
function cutsOf(text: string, bytes: number | undefined): Cut[] {
  const cuts: Cut[] = [];
  const length = Buffer.byteLength(text);
  const uncertain = 2 * (text.split('\uFFFD').length - 1);
  const marks = new RegExp(CUT, 'g');
  let [units, head] = [0, 0];
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    head += Buffer.byteLength(text.slice(units, mark.index));
    units = mark.index;
    const size = Buffer.byteLength(mark[0]);
    const kept = length - size;
    const named = Number(/\d+/.exec(mark[0])?.[0]);
    const fits = bytes === undefined || (named <= bytes - kept + uncertain && named >= bytes - kept);
    if (fits) cuts.push({ head, tail: head + size });
    // The line break that ends one may begin the next.
    marks.lastIndex = mark.index + 1;
  }
  return cuts;
}

const isReplaced = (bytes: Buffer, at: number): boolean =>
  at >= 0 && bytes.subarray(at, at + REPLACED.length).equals(REPLACED);

/** Places where a head may end for a cut at `at`: also before what is left of a character. */
function endsOfHead(bytes: Buffer, at: number): [number, number][] {
  const before = at - REPLACED.length;
  return isReplaced(bytes, before)
    ? [
        [at, at],
        [before, at],
      ]
    : [[at, at]];
}

/** Places where a tail may begin: also behind what is left of a character, three bytes at the most. */
function beginningsOfTail(bytes: Buffer, at: number): [number, number][] {
  const places: [number, number][] = [[at, at]];
  for (let next = at; places.length < 4 && isReplaced(bytes, next);) {
    next += REPLACED.length;
    places.push([next, at]);
  }
  return places;
}

import type { SecretForm } from './secret-forms.js';

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
/**
 * All forms as one automaton (Aho and Corasick, 1975): a byte of a text costs the same however many forms
 * there are and however they overlap. A node is the beginning of one or more forms; 0 is the empty one.
 */
export class FormTree {
  /** Longest form, in bytes. */
  readonly longest: number;
  private readonly start = new Int32Array(256);
  private readonly child: Int32Array;
  private readonly sibling: Int32Array;
  private readonly byte: Uint8Array;
  /** The longest other beginning of a form that this one ends with. */
  private readonly fallback: Int32Array;
  readonly depth: Int32Array;
  /** Length of the longest form that ends here; 0 for none. */
  readonly match: Int32Array;
  /** 1 where the first bits of that form are in the byte before it, and last bits in the byte behind. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** 1 for each byte that may hold first bits of a form, and last bits. */
  readonly beforeByte = new Uint8Array(256);
  readonly afterByte = new Uint8Array(256);

  constructor(forms: readonly SecretForm[]) {
    const size = forms.reduce((sum, { bytes }) => sum + bytes.length, 1);
    this.longest = forms.reduce((longest, { bytes }) => Math.max(longest, bytes.length), 0);
    this.child = new Int32Array(size);
    this.sibling = new Int32Array(size);
    this.byte = new Uint8Array(size);
    this.fallback = new Int32Array(size);
    this.depth = new Int32Array(size);
    this.match = new Int32Array(size);
    this.before = new Uint8Array(size);
    this.after = new Uint8Array(size);
    const count = this.plant(forms);
    this.link(count);
  }

  /** The longest beginning of a form that a text ends with, after one byte more. */
  next(node: number, byte: number): number {
    for (let from = node; from !== 0; from = this.at(this.fallback, from)) {
      const found = this.childOf(from, byte);
      if (found !== 0) return found;
    }
    return this.at(this.start, byte);
  }

  begins(byte: number): boolean {
    return this.start[byte] !== 0;
  }

  private at(array: Int32Array, index: number): number {
    return array[index] ?? 0;
  }

  private childOf(node: number, byte: number): number {
    if (node === 0) return this.at(this.start, byte);
    let found = this.at(this.child, node);
    while (found !== 0 && this.byte[found] !== byte) found = this.at(this.sibling, found);
    return found;
  }

  private plant(forms: readonly SecretForm[]): number {
    let count = 1;
    for (const form of forms) {
      let node = 0;
      for (const byte of form.bytes) {
        let next = this.childOf(node, byte);
        if (next === 0) {
          next = count;
          count += 1;
          this.byte[next] = byte;
          this.depth[next] = this.at(this.depth, node) + 1;
          this.sibling[next] = this.at(this.child, node);
          this.child[node] = next;
          if (node === 0) this.start[byte] = next;
        }
        node = next;
      }
      this.match[node] = form.bytes.length;
      if (form.before.length > 0) this.before[node] = 1;
      if (form.after.length > 0) this.after[node] = 1;
      for (const byte of form.before) this.beforeByte[byte] = 1;
      for (const byte of form.after) this.afterByte[byte] = 1;
    }
    return count;
  }

  /** Breadth first: a fallback is always shorter, so that it is finished before. */
  private link(count: number): void {
    const queue = new Int32Array(count);
    let end = 1;
    for (let at = 0; at < end; at += 1) {
      const node = this.at(queue, at);
      for (let child = this.at(this.child, node); child !== 0; child = this.at(this.sibling, child)) {
        queue[end] = child;
        end += 1;
        const fallback = node === 0 ? 0 : this.next(this.at(this.fallback, node), this.byte[child] ?? 0);
        this.fallback[child] = fallback;
        if (this.match[child] === 0) {
          this.match[child] = this.at(this.match, fallback);
          this.before[child] = this.before[fallback] ?? 0;
        }
        if (this.after[fallback] === 1) this.after[child] = 1;
      }
    }
  }
}

/** Bytes to be crossed out; `before`: the one in front as well, where it may hold bits of a form. */
interface Place {
  start: number;
  end: number;
  before: boolean;
}

/** Looks for forms in a stream that comes byte by byte, and notes the places that are to be crossed out. */
export class FormScanner {
  /** Ascending and apart from one another: a union, whatever overlapped. */
  private places: Place[] = [];
  private node = 0;
  /** Bytes that have come. */
  private end = 0;
  private paintsNext = false;
  /** Line breaks that were passed over: how many other bytes had come before each of those that matter. */
  private breaks: number[] = [];
  private breaksBefore = 0;

  /** @param wraps line breaks within a form count for nothing */
  constructor(
    readonly tree: FormTree,
    private readonly wraps: boolean,
  ) {}

  /** The bytes of `bytes` from `from` up to `to` are the next of the stream. */
  take(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      // Most bytes begin nothing.
      if (this.node === 0 && !this.paintsNext && !this.tree.begins(byte) && !this.isBreak(byte))
        this.end += 1;
      else this.takeByte(byte);
    }
  }

  private takeByte(byte: number): void {
    const { tree } = this;
    const at = this.end;
    this.end += 1;
    if (this.isBreak(byte)) {
      if (this.node === 0) this.breaksBefore += 1;
      else this.breaks.push(at - this.breaksBefore - this.breaks.length);
      return;
    }
    if (this.paintsNext && tree.afterByte[byte] === 1) this.add({ start: at, end: this.end, before: false });
    this.node = tree.next(this.node, byte);
    this.paintsNext = tree.after[this.node] === 1;
    const match = tree.match[this.node] ?? 0;
    if (match > 0)
      this.add({ start: this.startOf(match), end: this.end, before: tree.before[this.node] === 1 });
    if (this.node === 0) this.forgetBreaks(this.breaks.length);
  }

  /** Where a form begins that may still come; the end of what has come when none has begun. */
  get openFrom(): number {
    const depth = this.tree.depth[this.node] ?? 0;
    return depth === 0 ? this.end : this.startOf(depth);
  }

  /**
   * The stream is cut here, or, where its last bytes are none of its own, somewhat further on: a form that
   * has begun is crossed out as far as it came.
   */
  cut(end = this.end): void {
    if (this.openFrom < this.end) this.add({ start: this.openFrom, end, before: false });
  }

  /** Paints `bytes`, which begin at `from` in the stream, and forgets what lies before their end. */
  paint(bytes: Buffer, from: number, mask: number): void {
    const to = from + bytes.length;
    const fill = (start: number, end: number): void => {
      for (let at = Math.max(start, from) - from; at < Math.min(end, to) - from; at += 1)
        if (!this.isBreak(bytes[at] ?? 0)) bytes[at] = mask;
    };
    for (const { start, end, before } of this.places) {
      if (before && this.tree.beforeByte[bytes[start - 1 - from] ?? 0] === 1) fill(start - 1, start);
      fill(start, end);
    }
    this.places = this.places.filter(({ end }) => end > to);
    this.forgetBreaks(this.breaksUntil(this.openFrom - this.breaksBefore));
  }

  private isBreak(byte: number): boolean {
    return this.wraps && (byte === NEWLINE || byte === CARRIAGE_RETURN);
  }

  private add(place: Place): void {
    for (let last = this.places.at(-1); last && last.end >= place.start; last = this.places.at(-1)) {
      if (last.start <= place.start) {
        last.end = Math.max(last.end, place.end);
        return;
      }
      place.end = Math.max(place.end, last.end);
      this.places.pop();
    }
    this.places.push(place);
  }

  /** Where the last `length` bytes begin that are no line breaks. */
  private startOf(length: number): number {
    const index = this.end - this.breaksBefore - this.breaks.length - length;
    return index + this.breaksBefore + this.breaksUntil(index);
  }

  /** How many of the noted breaks came before the byte with this index among those that are none. */
  private breaksUntil(index: number): number {
    let [low, high] = [0, this.breaks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.breaks[middle] ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private forgetBreaks(count: number): void {
    if (count === 0) return;
    this.breaks.splice(0, count);
    this.breaksBefore += count;
  }
}

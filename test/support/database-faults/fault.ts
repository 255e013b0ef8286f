/** What goes wrong with a statement. */
export type FaultKind =
  /** The database refuses it. */
  | 'error'
  /** SQLite: another process writes. */
  | 'busy'
  /** SQLite: the disk is full; SQLite itself ends the transaction. */
  | 'full'
  /** SQLite: the disk fails; SQLite itself ends the transaction. */
  | 'ioerr'
  /** PostgreSQL: the connection ends before the statement has reached the server. */
  | 'cut before'
  /** PostgreSQL: the connection ends when the server has carried it out, and nobody is told. */
  | 'cut after';

export interface Fault {
  kind: FaultKind;
  /** Which statement from now on; the first is 1. */
  number: number;
  /** Counts these statements alone. */
  only?: RegExp;
}

/** A database whose N-th statement fails. */
export interface DatabaseFaults {
  /** What the app under test opens. */
  readonly url: string;
  readonly kinds: readonly FaultKind[];
  arm(fault: Fault): void;
  /** True once the statement has come and failed. */
  hasFailed(): boolean;
  /** No more faults. @returns the statement that failed; null when fewer came */
  disarm(): string | null;
  stop(): Promise<void>;
}

/** Counts statements, and tells which one is to fail. */
export class StatementCounter {
  private fault: Fault | null = null;
  private seen = 0;
  private failed: string | null = null;

  arm(fault: Fault): void {
    this.fault = fault;
    this.seen = 0;
    this.failed = null;
  }

  get hasFailed(): boolean {
    return this.failed !== null;
  }

  disarm(): string | null {
    this.fault = null;
    return this.failed;
  }

  /** @returns what is to go wrong with this statement; null for nothing */
  next(statement: string): FaultKind | null {
    const { fault } = this;
    if (!fault || (fault.only && !fault.only.test(statement))) return null;
    this.seen += 1;
    if (this.seen !== fault.number) return null;
    this.failed = statement;
    return fault.kind;
  }
}

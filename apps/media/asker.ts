/** Who asks for a medium, and under which id. */
export interface Asker {
  name: string;
  requestId: string;
  /** What the asker calls it. */
  idName: 'Idempotency-Key' | 'requestId';
}

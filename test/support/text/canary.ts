/**
 * Every form in which a text may stand in bytes: UTF-8, UTF-16LE, and of both hexadecimal, and base64 in each
 * of its three alignments.
 */
function formsOf(text: string): Buffer[] {
  const plain = [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')];
  const encoded = plain.flatMap((bytes) =>
    [0, 1, 2].map((shift) => {
      const padded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      // Characters at both ends depend on the neighbours.
      return Buffer.from(padded.slice(shift === 0 ? 0 : shift + 1, -4).replace(/=*$/, ''));
    }),
  );
  const hexadecimal = plain.flatMap((bytes) => {
    const digits = bytes.toString('hex');
    return [Buffer.from(digits), Buffer.from(digits.toUpperCase())];
  });
  return [...plain, ...encoded, ...hexadecimal];
}

/** True when the text can be read out of the bytes in one of those forms. */
export function holds(bytes: Buffer, text: string): boolean {
  return formsOf(text).some((form) => bytes.includes(form));
}

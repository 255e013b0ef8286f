const BLOCK = 512;

/**
 * A tar archive with one plain file, without a date or an owner: GRUB's memory disk. Source: POSIX.1-1988,
 * ustar. @throws Error for a long name
 */
export function ustar(name: string, content: Buffer): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error('the name is too long for ustar');
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): number =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  header.write(name);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  // The sum is taken with blanks in its own field.
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
}

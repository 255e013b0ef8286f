/**
 * A password as Windows setup's answer file hides it (`<PlainText>false`): base64 of the UTF-16LE text of the
 * password with the element's name behind it. That is hiding, not encryption: whoever has the file has the
 * password (Microsoft, "Hide sensitive data in an answer file").
 */
export function windowsPassword(password: string, element: 'Password' | 'AdministratorPassword'): string {
  return Buffer.from(`${password}${element}`, 'utf16le').toString('base64');
}

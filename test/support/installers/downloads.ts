/** A medium's script whose downloads are tried once. */
export function oneTry(script: string): string {
  return script.replace('"$download_try" -lt 5', '"$download_try" -lt 1');
}

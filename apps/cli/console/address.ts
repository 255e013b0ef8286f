import { CommandError, EXIT } from '../exit-codes.js';

/**
 * The console's address without a slash at its end.
 * @throws CommandError for anything but an http(s) URL; one with a password would show it in messages
 */
export function consoleAddress(text: string): string {
  const url = parseUrl(text);
  if (!url)
    throw new CommandError(EXIT.usage, `--url ${text}: must be an http(s) URL such as http://127.0.0.1:4001`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new CommandError(EXIT.usage, '--url: must have neither user, password, ? nor #');
  return url.href.replace(/\/+$/, '');
}

/** `URL.parse` is not there before Node 22. */
function parseUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Whether somebody on the way could read what is sent: neither TLS nor the machine itself. */
export function isReadable(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * A host as it stands in a URL: an IPv6 address in brackets (RFC 3986, 3.2.2), whether it was given with or
 * without them.
 */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host;
}

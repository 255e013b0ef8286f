/** True for a host at which no other machine can ever be reached: loopback and unspecified addresses. */
export function isUnreachableFromGuests(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true;
  if (/^127(\.\d{1,3}){3}$/.test(bare) || /^0(\.0){0,3}$/.test(bare)) return true;
  const v6 = bare.replace(/^0+:(0+:){6}/, '::').replace(/^::0*(?=[0-9a-f]?$)/, '::');
  if (v6 === '::' || v6 === '::1') return true;
  return /^::ffff:(127\.|7f)/.test(bare);
}

const H16 = '[0-9A-Fa-f]{1,4}';
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const LS32 = `(?:${H16}:${H16}|(?:${BYTE}\\.){3}${BYTE})`;

/**
 * An IPv6 address as RFC 3986 (section 3.2.2) writes it, also with an IPv4 address at its end: zod's check
 * takes those, its pattern does not.
 */
export const IPV6 = `(?:${[
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  ...[4, 3, 2, 1, 0].map(
    (after, index) => `(?:(?:${H16}:){0,${index}}${H16})?::(?:${H16}:){${after}}${LS32}`,
  ),
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join('|')})`;

import type { z } from 'zod';
import { filled, flag, form, list, mapping, named, text } from '../yaml/schema.js';

export const archiveUrl = form(
  /^(https?|ftp|file|cdrom|tor\+https?|mirror(\+\w+)?):\S+$/,
  'is not the URL of an archive',
  'give one such as http://archive.ubuntu.com/ubuntu',
);
export const proxyUrl = form(
  /^https?:\/\/[^\s/]+\/?$/,
  'is not the URL of a proxy',
  'give one such as http://192.0.2.1:3128',
);

export const mirrors = list(
  mapping({
    arches: list(filled).optional(),
    uri: archiveUrl.optional(),
    search: list(filled).optional(),
    search_dns: flag.optional(),
    keyid: text.optional(),
    key: text.optional(),
    keyserver: text.optional(),
  }),
);

/** What cloud-init and curtin have in common below `apt`. */
export const APT_SHAPE = {
  preserve_sources_list: flag.optional(),
  generate_mirrorlists: flag.optional(),
  disable_suites: list(filled).optional(),
  primary: mirrors.optional(),
  security: mirrors.optional(),
  add_apt_repo_match: text.optional(),
  debconf_selections: named(text).optional(),
  sources_list: text.optional(),
  conf: text.optional(),
  proxy: proxyUrl.optional(),
  http_proxy: proxyUrl.optional(),
  https_proxy: proxyUrl.optional(),
  ftp_proxy: text.optional(),
  sources: named(
    mapping({
      source: text.optional(),
      keyid: text.optional(),
      key: text.optional(),
      keyserver: text.optional(),
      filename: text.optional(),
      append: flag.optional(),
    }),
  ).optional(),
} satisfies z.ZodRawShape;

export const aptConfig = mapping(APT_SHAPE);

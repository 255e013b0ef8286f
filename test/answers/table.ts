import { AUTOINSTALL } from './autoinstall-table.js';
import { CLOUD } from './cloud-table.js';
import { KICKSTART } from './kickstart-table.js';
import type { Mutation } from './mutation.js';
import { REQUESTS } from './request-table.js';
import { STORAGE } from './storage-table.js';
import { WINDOWS_DISKS } from './windows-disk-table.js';
import { WINDOWS } from './windows-table.js';

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [
  ...AUTOINSTALL,
  ...STORAGE,
  ...CLOUD,
  ...KICKSTART,
  ...WINDOWS,
  ...WINDOWS_DISKS,
  ...REQUESTS,
];

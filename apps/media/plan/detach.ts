import type { PlanDetach } from '#protocol';
import type { Attachment } from './devices.js';
import { WHEN } from './when.js';

/**
 * How each medium is taken from the running machine. A CD stays as an empty drive, a disk goes as a whole.
 */
export const detachPlan = (hostname: string, media: Attachment[]): PlanDetach[] =>
  media
    .filter(({ role }) => role !== 'system-disk')
    .map(({ role, kind, id, target }) =>
      kind === 'cdrom'
        ? {
            role,
            when: WHEN.hello,
            // By force: an installed system may have locked the tray.
            qmp: [{ execute: 'eject', arguments: { id, force: true } }],
            waitFor: null,
            virsh: ['change-media', hostname, String(target), '--eject', '--force', '--live', '--config'],
          }
        : {
            role,
            when: WHEN.hello,
            qmp: [{ execute: 'device_del', arguments: { id } }],
            waitFor: { event: 'DEVICE_DELETED', data: { device: id } },
            virsh: ['detach-disk', hostname, String(target), '--live', '--config'],
          },
    );

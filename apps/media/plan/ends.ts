import type { MediaRequest, PlanEnds } from '#protocol';
import { FAMILIES } from '../families/family.js';

type End = PlanEnds['installed'];

/** From its first start to its hello a cloud image needs a minute; a slow host and network several. */
const CLOUD_IMAGE_MINUTES = 20;

const POWERED_OFF: Pick<End, 'qmp' | 'virsh'> = {
  qmp: { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } },
  virsh: { event: 'lifecycle', detail: 'Stopped Shutdown' },
};

/**
 * How a finished installation is told from a failed one. Our answers let an installer restart at its good end
 * alone, and power off at every other one that they can reach.
 * @param kernel whether the first start is a direct kernel boot: it then ends with the restart
 */
export function endsPlan(request: MediaRequest, kernel: boolean): PlanEnds {
  const { installer, limitMinutes } = FAMILIES[request.os.family];
  if (request.source === 'cloud-image') return endsByHello('the first start', CLOUD_IMAGE_MINUTES);
  if (!installer) return endsByHello('the installation', limitMinutes);
  return {
    installed: kernel
      ? {
          what: 'the installer restarts the machine, which stops there since it was told not to restart',
          qmp: { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } },
          virsh: { event: 'lifecycle', detail: 'Stopped Destroyed' },
        }
      : {
          what: 'the installer restarts the machine (libvirt sees it with QEMU from 6.0)',
          qmp: { event: 'RESET', data: { guest: true, reason: 'guest-reset' } },
          virsh: { event: 'reboot', detail: null },
        },
    failed: {
      what: 'the machine powers off before its first restart; why stands on its display and serial console',
      ...POWERED_OFF,
    },
    limitMinutes,
  };
}

/** The hypervisor sees nothing of either end. */
const endsByHello = (what: string, limitMinutes: number): PlanEnds => ({
  installed: { what: 'the agent says hello', qmp: null, virsh: null },
  failed: {
    what: `no hello within ${limitMinutes} minutes of ${what}`,
    qmp: null,
    virsh: null,
  },
  limitMinutes,
});

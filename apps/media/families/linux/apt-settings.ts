import type { MachineFile } from './agent-files.js';

/**
 * unattended-upgrades starts in the very minute in which first-boot scripts do: apt waits for its lock, as
 * many seconds as stand here, instead of failing at once (apt.conf(5) of apt 2.0 and later).
 */
export const APT_LOCK_FILE: MachineFile = {
  path: '/etc/apt/apt.conf.d/90infinibay-lock',
  mode: '0644',
  content: 'DPkg::Lock::Timeout "600";\n',
};

import { join } from 'node:path';
import { type Guest, startQemu } from './guest.js';

/**
 * A machine of a media plan: nothing is added to the plan's own arguments but the accelerator, and their
 * placeholders are filled in. Its network is QEMU's own, from which this machine's loopback is 10.0.2.2.
 * @param folder where its monitor's socket is made
 * @throws Error for a placeholder that has no value
 */
export function startPlanned(folder: string, args: string[], values: Record<string, string>): Promise<Guest> {
  const monitor = join(folder, 'qmp');
  const known: Record<string, string> = { console: 'stdio', display: 'none', qmpSocket: monitor, ...values };
  const fill = (argument: string): string =>
    argument.replace(/\{(\w+)\}/g, (_all, name: string) => {
      if (/^net\d+$/.test(name)) return `user,id=${name}`;
      const value = known[name];
      if (value === undefined) throw new Error(`the plan asks for {${name}}`);
      return value;
    });
  return startQemu(monitor, args.map(fill));
}

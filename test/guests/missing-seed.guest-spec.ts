import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DracutFlavour, dracutInitrd } from '../support/qemu/dracut-initrd.js';
import { type Guest, startGuest } from '../support/qemu/guest.js';
import { waitFor } from '../support/wait.js';

/** Seconds that dracut's queue waits; 180 without it. A fact of dracut, so that a boot is short. */
const SOON = 'rd.retry=5';

/**
 * Anaconda's own initramfs was never run here: this is Debian's dracut with the two conditions that Anaconda
 * puts into it.
 */
describe('an initramfs of dracut whose medium never comes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-dracut-'));
  let made: Awaited<ReturnType<typeof dracutInitrd>>;
  const guests: Guest[] = [];
  let started = 0;

  beforeAll(async () => {
    made = await dracutInitrd();
  }, 900_000);
  afterAll(async () => {
    await Promise.all(guests.map((guest) => guest.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function boot(words: string, flavour: DracutFlavour = 'systemd'): Promise<Guest> {
    const guest = await startGuest(join(folder, `qmp-${(started += 1)}`), [
      ...['-machine', 'q35', '-smp', '1', '-m', '512', '-no-reboot'],
      ...['-kernel', made.kernel, '-initrd', made.initrd[flavour]],
      ...['-append', `console=ttyS0 quiet panic=-1 ${SOON} ${words}`],
    ]);
    guests.push(guest);
    return guest;
  }
  const says = (guest: Guest, text: string): Promise<unknown> =>
    waitFor(() => guest.console().includes(text), { what: `the guest to say ${text}`, deadlineMs: 600_000 });

  it('powers off with `rd.shell=0 rd.emergency=poweroff`; with neither it asks for a password for ever', async () => {
    const [both, neither] = await Promise.all([boot('rd.shell=0 rd.emergency=poweroff'), boot('')]);
    expect(await both.ended(600_000)).toBe('guest-shutdown');
    expect(both.console()).toContain('[ -e /tmp/medium-was-read ]');
    await says(neither, 'Press Enter for maintenance');
    expect(neither.qmp.events).toEqual([]);
    await neither.stop();
  }, 1_300_000);

  it('does not with one of the words: it stops without an event, or asks for a password', async () => {
    const [shell, emergency] = await Promise.all([boot('rd.shell=0'), boot('rd.emergency=poweroff')]);
    await says(shell, 'System halted');
    await says(emergency, 'Press Enter for maintenance');
    expect([...shell.qmp.events, ...emergency.qmp.events]).toEqual([]);
  }, 1_300_000);

  it('cannot without systemd in it, which Anaconda has: the kernel panics', async () => {
    const guest = await boot('rd.shell=0 rd.emergency=poweroff', 'plain');
    expect(await guest.ended(600_000)).toBe('guest-reset');
    expect(guest.console()).toContain('Kernel panic');
  }, 1_300_000);
});

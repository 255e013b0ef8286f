import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeDisk, fakeDisks } from './fake-disks.js';
import { start } from '../processes/processes.js';
import { parseKickstarts } from './pykickstart.js';

/** In the order in which they are in a kickstart of ours. */
const SECTIONS = ['pre', 'preInstall', 'handOver', 'post', 'onError'] as const;
export type Section = (typeof SECTIONS)[number];

/**
 * A machine on which the sections of a kickstart run as Anaconda runs them, with fake disks and stand-ins for
 * systemctl, restorecon and getent, whose calls are in the file `calls`. The scripts' absolute paths lead
 * into `root`.
 */
export class AnacondaMachine {
  private readonly scripts = new Map<Section, string>();
  private readonly env: Record<string, string>;

  constructor(
    readonly root: string,
    text: string,
    disks: FakeDisk[],
  ) {
    for (const name of ['run/install', 'tmp', 'root', 'etc/dnf', 'var/log', 'home/ada/.ssh', 'bin'])
      mkdirSync(join(this.root, name), { recursive: true });
    writeFileSync(this.path('run/install/ks.cfg'), text);
    const [parsed] = parseKickstarts([{ syntax: 'RHEL9', text }]);
    parsed?.scripts.forEach((script, index) => {
      const section = SECTIONS[index];
      if (section) this.scripts.set(section, this.moved(script.text));
    });
    this.program('systemctl', `echo "systemctl $*" >>${this.path('calls')}`);
    this.program('restorecon', `echo "restorecon $*" >>${this.path('calls')}`);
    this.program('getent', `echo "$2:x:1000:1000::${this.path('home')}/$2:/bin/bash"`);
    this.env = {
      PATH: `${this.path('bin')}:${process.env['PATH']}`,
      ANA_INSTALL_PATH: this.root,
      INFINIBAY_KICKSTART: this.path('run/install/ks.cfg'),
      ...fakeDisks(this.path('disks'), disks),
    };
  }

  path = (name: string): string => join(this.root, name);
  read = (name: string): string => readFileSync(this.path(name), 'utf8');
  has = (name: string): boolean => existsSync(this.path(name));

  async run(section: Section): Promise<{ code: number | null; output: string }> {
    const file = this.path(`tmp/ks-script-${section}`);
    writeFileSync(file, this.scripts.get(section) ?? 'exit 99');
    const running = start('/bin/sh', [file], { env: this.env });
    return { code: await running.exited, output: running.output() };
  }

  /** Every file below its root in which a text is found. */
  holding(text: string): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.includes('/disks/') && readFileSync(file).includes(text))
      .map((file) => file.slice(this.root.length + 1));
  }

  private moved(text: string): string {
    return text
      .replaceAll(/(?<![\w/$}])\/(var|etc|root|usr\/local|tmp|run\/infinibay)\b/g, `${this.root}/$1`)
      .replaceAll('--retry 5', '--retry 0');
  }

  private program(name: string, body: string): void {
    writeFileSync(this.path(`bin/${name}`), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
}

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MachineFile } from '../../../apps/media/families/linux/agent-files.js';
import { start } from '../processes/processes.js';

/** Of coreutils, grep, sed, mawk and curl: what every image has besides its package manager. */
const PROGRAMS = [
  'date',
  'mkdir',
  'chmod',
  'timeout',
  'tail',
  'head',
  'od',
  'sed',
  'tr',
  'grep',
  'rm',
  'cat',
  'cp',
  'env',
  'sh',
  'curl',
];

const APT_GET = `#!/bin/sh
echo "apt-get $*" >>@ROOT@/calls
[ -z "\${DEBIAN_FRONTEND:-}" ] && { echo 'it may ask'; exit 1; }
[ ! -e @ROOT@/takes ] || { cat @ROOT@/takes >@ROOT@/proc/uptime; }
download=no verb= names=
while [ $# -gt 0 ]; do
    case $1 in
    -o) shift ;;
    -y | -q | --) ;;
    --download-only) download=yes ;;
    update | install) verb=$1 ;;
    *) names="$names $1" ;;
    esac
    shift
done
[ "$verb" = install ] || exit 0
for name in $names; do
    grep -qx "$name" @ROOT@/available || { echo "E: Unable to locate package $name"; exit 100; }
done
[ "$download" = yes ] || for name in $names; do echo "$name" >>@ROOT@/installed; done
`;

/** Name, then what it provides. A package that is there by half is none. */
const DPKG_QUERY = `#!/bin/sh
while read -r name provides; do echo "installed $name, $provides,"; done <@ROOT@/installed
echo 'half-installed broken, ,'
`;

const DNF = `#!/bin/sh
[ "$1" != --version ] || { cat @ROOT@/dnf-version; exit 0; }
echo "dnf $*" >>@ROOT@/calls
strict=yes download=no names= available=@ROOT@/available
for word; do
    case $word in
    --setopt=strict=0 | --skip-unavailable) strict=no ;;
    --downloadonly) download=yes ;;
    --repo=infinibay-mirror\\*) available=@ROOT@/mirror ;;
    -* | install) ;;
    *) names="$names $word" ;;
    esac
done
found=
for name in $names; do
    if grep -qxF "$name" "$available"; then
        found="$found $name"
    elif [ "$strict" = yes ]; then
        echo "No match for argument: $name"
        exit 1
    fi
done
[ "$download" = yes ] || for name in $found; do echo "$name" >>@ROOT@/installed; done
`;

const RPM = `#!/bin/sh
for name; do :; done
exec grep -qxF -e "$name" @ROOT@/installed
`;

const MOUNT = `#!/bin/sh
for folder; do device=\${before:-}; before=$folder; done
cp -r "$device/." "$folder"
`;
const UMOUNT = `#!/bin/sh
rm -rf "$1/infinibay"
`;

/** The agent, which says whether it was told the end of a setup before its mark was made. */
const AGENT = `#!/bin/sh
for mark in @ROOT@/var/lib/infinibay/packages-done.*; do [ ! -e "$mark" ] || echo "told after $mark" >>@ROOT@/told; done
echo "$*" >>@ROOT@/told
`;

/**
 * A cloud image as far as its package step sees it: the script's absolute paths lead into a folder, its PATH
 * has what every image has, and stand-ins for a package manager, `mount`, `sleep` and the agent. Their state
 * are files: `available` (and `mirror`), `installed`, `calls`, `told`; `takes` is the time that apt-get sets.
 */
export class PackageMachine {
  readonly root = mkdtempSync(join(tmpdir(), 'infinibay-packages-'));

  constructor(available: readonly string[], more: { mirror?: readonly string[]; dnf?: string } = {}) {
    const bin = join(this.root, 'bin');
    mkdirSync(bin);
    for (const program of PROGRAMS) symlinkSync(realPath(program), join(bin, program));
    symlinkSync('/usr/bin/mawk', join(bin, 'awk'));
    const standIns = {
      'apt-get': APT_GET,
      'dpkg-query': DPKG_QUERY,
      dnf: DNF,
      rpm: RPM,
      mount: MOUNT,
      umount: UMOUNT,
    };
    for (const [name, text] of Object.entries(standIns)) this.program(name, text);
    this.program('sleep', '#!/bin/sh\necho "sleep $*" >>@ROOT@/calls\n');
    this.write('available', lines(available));
    this.write('mirror', lines(more.mirror ?? []));
    this.write('dnf-version', more.dnf ?? '4.14.0\n');
    this.write('installed', '');
    this.write('calls', '');
    this.write('proc/uptime', '12.34 20.00\n');
    mkdirSync(join(this.root, 'var/log'), { recursive: true });
  }

  /** The medium that is attached. */
  attach(settings: string): void {
    this.write('dev/disk/by-label/CIDATA/infinibay/install.env', settings);
  }

  installAgent(): void {
    this.write('opt/infiniservice/infiniservice', AGENT.replaceAll('@ROOT@', this.root));
    chmodSync(join(this.root, 'opt/infiniservice/infiniservice'), 0o755);
  }

  uninstallAgent(): void {
    rmSync(join(this.root, 'opt'), { recursive: true });
  }

  /** A program on its PATH, in place of what was there; `@ROOT@` is the machine's folder. */
  program(name: string, text: string): void {
    const path = join(this.root, 'bin', name);
    rmSync(path, { force: true });
    writeFileSync(path, text.replaceAll('@ROOT@', this.root), { mode: 0o755 });
  }

  /** @param path as it is on the machine */
  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Puts a file of the seed on the machine and runs it. @returns its exit code and what it printed */
  async run({ path, content }: MachineFile, shell: string): Promise<{ code: number | null; output: string }> {
    const moved = content.replace(/(?<![\w/])\/(var|run|opt|proc|dev\/disk)\//g, `${this.root}/$1/`);
    this.write(path.slice(1), moved);
    const running = start('env', [
      '-i',
      `PATH=${join(this.root, 'bin')}`,
      realPath(shell),
      join(this.root, path),
    ]);
    return { code: await running.exited, output: running.output() };
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true });
    writeFileSync(join(this.root, name), text);
  }

  /** Empty when there is none. */
  read(name: string): string {
    const path = join(this.root, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Of package managers and `sleep`, with their arguments. */
  calls(): string[] {
    return this.read('calls').split('\n').slice(0, -1);
  }

  installed(): string[] {
    return this.read('installed').split('\n').slice(0, -1);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const lines = (names: readonly string[]): string => names.map((name) => `${name}\n`).join('');

function realPath(program: string): string {
  const found = ['/usr/bin', '/bin'].map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not on this machine`);
  return found;
}

import { describe, expect, it } from '@jest/globals';
import { committedFiles, read } from './files.js';

const CRATE = 'infiniservice/';
const sources = committedFiles().filter((path) => path.startsWith(`${CRATE}src/`) && path.endsWith('.rs'));
const above = sources.filter((path) => !path.startsWith(`${CRATE}src/os/`));

/**
 * What only the folder `os/` may say, in code, text and comments alike; each with a line that has to be
 * found.
 */
const FORBIDDEN: [what: string, pattern: RegExp, planted: string][] = [
  ['the C library', /\blibc\b/, 'let signal = libc::SIGTERM;'],
  ['std for one system', /\bstd::os::/, 'use std::os::fd::AsRawFd as _;'],
  [
    'a condition on the system',
    /\bcfg!?\(.*\b(target_|unix\b|windows\b)/,
    '#[cfg(all(test, target_os = "none"))]',
  ],
  // `.windows(n)` is a method of slices.
  ['a system by name', /(?<!\.)\b(linux|windows|win32|unix|posix|macos|bsd)\b/i, '// as on Linux'],
  [
    'a folder of one system',
    /(?<![\w.])\/(proc|sys|etc|var|dev|bin|sbin|usr|opt|run|tmp)\b/,
    'let path = "/etc/x";',
  ],
  ['a folder of one system', /[A-Z]:\\|%[A-Za-z]+%|\\\\\.\\/, String.raw`let path = r"\\.\Global\x";`],
  ['a service manager', /systemd|systemctl|journal|initctl|\bSCM\b/i, 'Command::new("systemctl")'],
  ['what holds processes together', /cgroup|subreaper|setsid|job object/i, '/// leaves the cgroup'],
  ['a signal', /\bSIG[A-Z]+\b|\b(TERM|KILL|HUP)\b/, '/// between TERM and KILL'],
  [
    'a descriptor or a handle',
    /\bAs?(Raw|Owned|Borrowed)(Fd|Handle)\b|\b(Raw|Owned)(Fd|Handle)\b/,
    'fn f(fd: RawFd) {}',
  ],
  ['a socket of one system', /\bUnix(Stream|Listener|Datagram)\b/, 'use x::UnixStream;'],
  ['fork and exec', /\bpre_exec\b|\bfork\b|CommandExt\b/, 'command.pre_exec(f);'],
  ['permission bits', /\b0o[0-7]{3,4}\b|PermissionsExt\b|\bchmod\b|\bchown\b/, 'write(path, 0o600)'],
  ['an interpreter', /"(sh|bash|cmd|pwsh|powershell)(\.exe)?"/, 'Some("bash") => {}'],
  ['a package manager', /\b(dpkg|rpm|apt|dnf)\b/, 'program("rpm")'],
  ['the registry', /\bHKEY_|\bregistry\b/i, 'open(HKEY_LOCAL_MACHINE)'],
  ['unsafe code, which only calls into a system need', /\bunsafe\s*(\{|fn|impl)/, 'unsafe { call() }'],
];

/** `path:line: what` of each line that says what it may not. */
function offences(path: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      FORBIDDEN.flatMap(([what, pattern]) => (pattern.test(line) ? [`${path}:${index + 1}: ${what}`] : [])),
    );
}

describe('the agent', () => {
  it('names no operating system outside os/', () => {
    // Rules that see no files find no faults either.
    expect(above.length).toBeGreaterThan(20);
    expect(above.flatMap((path) => offences(path, read(path)))).toEqual([]);
  });

  it.each(FORBIDDEN)('is found out when it says %s (%s)', (what, _pattern, planted) => {
    const path = `${CRATE}src/session/mod.rs`;
    const lines = read(path).split('\n');
    lines.splice(9, 0, planted);
    expect(offences(path, lines.join('\n'))).toContain(`${path}:10: ${what}`);
  });

  it('lists in os/mod.rs every subject that a system answers, and no other', () => {
    const listed = [...read(`${CRATE}src/os/mod.rs`).matchAll(/^\/\/! \| `(\w+)`/gm)].map(([, name]) => name);
    const systems = sources.filter((path) => /\/os\/[a-z]+\/mod\.rs$/.test(path));
    expect(systems.length).toBeGreaterThan(0);
    for (const path of systems) {
      const answered = [...read(path).matchAll(/^pub mod (\w+);/gm)].map(([, name]) => name);
      expect([path, answered]).toEqual([path, listed]);
    }
  });

  it('has no comment wider than 110 columns', () => {
    const texts = committedFiles().filter((path) => path.startsWith(CRATE) && /\.(rs|sh)$/.test(path));
    const wide = texts.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          /^\s*(\/\/|#)/.test(line) && !/^\s*#!?\[/.test(line) && [...line].length > 110
            ? [`${path}:${index + 1}`]
            : [],
        ),
    );
    expect(wide).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MediaResult } from '#protocol';
import { ConsoleRefusal } from '../console/console-client.js';
import { faultList, refusalText } from './fault-text.js';
import { diffText, planDiff, type Planned } from './plan-diff.js';
import { planText } from './plan-text.js';
import { printable, table } from './terminal.js';

const ID = '11111111-2222-4333-8444-555555555555';
const medium = (id = ID, more: Partial<MediaResult> = {}): MediaResult => ({
  id,
  machineId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  createdAt: '2026-01-02T03:04:05.000Z',
  expiresAt: '2026-01-09T03:04:05.000Z',
  files: [{ name: 'seed.iso', kind: 'image', size: 380_928, sha256: 'ab'.repeat(32), url: '' }],
  plan: {
    warnings: [],
    machine: {
      type: 'q35',
      cpus: 2,
      memoryMiB: 4096,
      cpu: { qemu: 'max', libvirt: 'host-passthrough', level: 'x86-64-v2' },
    },
    devices: [
      {
        ...{ role: 'system-disk', bus: 'virtio', kind: 'disk', bootindex: 1, path: '{disk}' },
        ...{ id: 'system-disk', target: 'vda' },
      },
      {
        ...{ role: 'seed', bus: 'sata', kind: 'cdrom', bootindex: null },
        ...{ path: `/opt/infinibay/media/${id}/seed.iso`, id: 'seed', target: 'sda' },
      },
    ],
    cards: [{ id: 'net0', mac: '52:54:00:12:34:56', model: 'virtio', name: null }],
    detach: [],
    ends: null,
    kernel: {
      kernel: '/casper/vmlinuz',
      initrd: '/casper/initrd',
      arguments: 'autoinstall ---',
      from: '/iso/u.iso',
      files: null,
    },
    firmware: { type: 'uefi', secureBoot: 'off', qemu: [] },
    tpm: null,
    keys: null,
    firstStart: { qemu: [], libvirtXml: '<domain/>\n' },
    steps: [
      { when: 'first start', do: 'boot the kernel' },
      { when: 'after the agent said hello', do: 'detach the seed' },
    ],
    qemu: ['-device', 'ide-cd'],
    libvirtXml: '<domain/>\n',
  },
  warnings: [],
  executions: [],
  ...more,
});

describe('a plan', () => {
  it('shows files with sizes and hashes, what to attach, and the steps in order', () => {
    expect(planText(medium(), false))
      .toBe(`medium ${ID} for machine 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d, kept until 2026-01-09T03:04:05.000Z

FILES
  name      kind   bytes   sha256
  seed.iso  image  380928  ${'ab'.repeat(32)}

ATTACH
  device       kind   bus     boot  path
  system-disk  disk   virtio  1     {disk}
  seed         cdrom  sata    -     /opt/infinibay/media/${ID}/seed.iso

MACHINE
  part       what
  machine    q35, 2 processors, 4096 MiB
  processor  host-passthrough (QEMU: max, the host needs x86-64-v2)
  net0       virtio 52:54:00:12:34:56

FIRST START: direct kernel boot
  kernel     /casper/vmlinuz
  initrd     /casper/initrd
  arguments  autoinstall ---
  from       /iso/u.iso

STEPS
  1. first start: boot the kernel
  2. after the agent said hello: detach the seed

QEMU arguments and the libvirt domain: --json
`);
  });

  it('has its warnings before all else', () => {
    const path = 'network.0.match.name';
    const warning = { path, message: 'depends', remedy: 'match by mac', severity: 'warning', value: 'ens4' };
    const text = planText(medium(ID, { warnings: [warning as never] }), false);
    expect(text).toContain(
      '09T03:04:05.000Z\n\nWARNINGS\n  network.0.match.name = ens4\n    depends\n    → match by mac\n\nFILES\n',
    );
  });

  it('of a medium that was made before 0.2.0 has no machine', () => {
    const { plan } = medium();
    expect(planText(medium(ID, { plan: { ...plan, machine: null } }), false)).not.toContain('MACHINE');
  });

  it('of a dry run says that nothing was made, and leaves out a kernel that is not there', () => {
    const { plan } = medium();
    const text = planText(medium(ID, { plan: { ...plan, kernel: null } }), true);
    expect(text).toContain('dry run for machine 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d: nothing was made');
    expect(text).not.toContain('FIRST START');
    expect(text).not.toContain(ID.slice(0, 8) + ' for machine');
  });
});

describe('a diff of two plans', () => {
  const planned = (name: string, spec: object, result: MediaResult): Planned => ({ name, spec, result });

  it('is empty for one spec asked twice, though each dry run has its own id', () => {
    const other = '99999999-2222-4333-8444-555555555555';
    const spec = { hostname: 'a', users: [{ name: 'x', password: 'secret-1' }] };
    const diff = planDiff(planned('a', spec, medium()), planned('a', { ...spec }, medium(other)));
    expect(diff).toEqual({ request: '', plan: '', files: '' });
    expect(diffText(diff)).toBe('no difference in request, plan and files\n');
  });

  it('shows what is different in request, plan and files, and no password', () => {
    const before = planned(
      'a.yaml',
      { hostname: 'a', users: [{ name: 'x', password: 'secret-1' }] },
      medium(),
    );
    const changed = medium();
    changed.plan.steps.push({ when: 'later', do: 'celebrate' });
    changed.files = [
      { ...(changed.files[0] as MediaResult['files'][number]), size: 5, sha256: 'cd'.repeat(32) },
    ];
    const text = diffText(
      planDiff(
        before,
        planned('b.yaml', { hostname: 'b', users: [{ name: 'x', password: 'secret-2' }] }, changed),
      ),
    );
    for (const line of [
      '--- a.yaml (request)',
      '+++ b.yaml (request)',
      '-hostname: a',
      '+hostname: b',
      '+++ b.yaml (plan)',
      '+    do: celebrate',
      `-seed.iso  image  380928  ${'ab'.repeat(32)}`,
      `+seed.iso  image  5      ${'cd'.repeat(32)}`,
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain('secret');
  });

  it('takes keys in another order for the same request', () => {
    const diff = planDiff(planned('a', { a: 1, b: 2 }, medium()), planned('b', { b: 2, a: 1 }, medium()));
    expect(diff.request).toBe('');
  });
});

describe('faults', () => {
  it('have their line, path, value, reason and way out', () => {
    expect(
      faultList([
        {
          path: 'os.family',
          value: 'ubunto',
          message: 'must be one of …',
          remedy: 'did you mean ubuntu?',
          line: 3,
        },
        { path: '', message: 'is not YAML', remedy: 'correct it' },
      ]),
    ).toBe(
      '  line 3, os.family = ubunto\n    must be one of …\n    → did you mean ubuntu?\n  the file\n    is not YAML\n    → correct it',
    );
  });

  it('show the first fifty, and how many more there are', () => {
    const faults = (count: number) =>
      Array.from({ length: count }, (_, line) => ({
        path: 'a',
        message: 'is wrong',
        remedy: 'right it',
        line,
      }));
    expect(faultList(faults(50))).not.toContain('more');
    const text = faultList(faults(51));
    expect(text).toContain('line 49, a');
    expect(text).not.toContain('line 50, a');
    expect(text).toMatch(/… and 1 more: .*--json$/);
    expect(faultList(faults(200_000)).length).toBeLessThan(10_000);
  });

  it('of the console are shown in its own words, each issue with its path and way out', () => {
    const body = {
      code: 'request.invalid',
      message: 'the request is not valid: hostname: must be a host name',
      correlationId: 'abc',
      issues: [
        { path: 'hostname', message: 'must be a host name', remedy: 'use letters' },
        { path: '', message: 'is odd' },
      ],
    };
    expect(refusalText(new ConsoleRefusal(400, body))).toBe(
      "request.invalid: the request is not valid: hostname: must be a host name\n  hostname\n    must be a host name\n    → use letters\n  body\n    is odd\n(HTTP 400; the console's log has more under abc)",
    );
  });
});

describe('text from elsewhere', () => {
  it('cannot move the cursor, colour the terminal or hide what follows', () => {
    expect(printable('a\u001b[2Jb\rc\u202Ed\te\nf')).toBe('a\\u001b[2Jb\\u000dc\\u202ed\te\nf');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(
          /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/,
        );
      }),
    );
  });

  it('stays in its cell of a table', () => {
    expect(
      table(
        ['a', 'b'],
        [
          ['x\ny', 'z'],
          ['', ''],
        ],
      ),
    ).toBe('a    b\nx y  z\n');
  });
});

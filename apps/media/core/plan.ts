import type { MediaPlan, MediaRequest } from '#protocol';
import { qemuValue, xmlText } from './escape.js';

/** Where libvirt's default pool keeps disks: its schema takes absolute paths only, so a placeholder cannot stand there. */
const LIBVIRT_IMAGES = '/var/lib/libvirt/images';

export interface PlanPaths {
  seed: string;
  /** The machine's channel. */
  socket: string;
  /** What the gateway does there: QEMU does the other. */
  socketMode: 'connect' | 'listen';
}

/** Everything a hypervisor must attach and do for one Ubuntu installation. */
export function ubuntuPlan(request: MediaRequest, paths: PlanPaths): MediaPlan {
  const installer = request.source === 'installer';
  const vendorIso = request.vendorIso ?? '{vendorIso}';
  return {
    devices: [
      { role: 'system-disk', bus: 'virtio', kind: 'disk', bootindex: 1, path: '{disk}' },
      // A cloud image may have a kernel without CD drivers; it always has virtio-blk.
      installer
        ? { role: 'seed', bus: 'sata', kind: 'cdrom', bootindex: null, path: paths.seed }
        : { role: 'seed', bus: 'virtio', kind: 'disk', bootindex: null, path: paths.seed },
      ...(installer
        ? [
            {
              role: 'vendor-iso' as const,
              bus: 'sata' as const,
              kind: 'cdrom' as const,
              bootindex: 2,
              path: vendorIso,
            },
          ]
        : []),
      { role: 'channel', bus: 'virtio-serial', kind: 'serial-port', bootindex: null, path: paths.socket },
    ],
    // Without the word autoinstall on its command line Subiquity asks before it wipes a disk.
    kernel: installer
      ? {
          kernel: '/casper/vmlinuz',
          initrd: '/casper/initrd',
          arguments: 'autoinstall ds=nocloud ---',
          from: vendorIso,
        }
      : null,
    steps: steps(installer, paths),
    qemu: qemuArguments(installer, paths),
    libvirtXml: libvirtDomain(request, installer, paths),
  };
}

function steps(installer: boolean, { socket, socketMode }: PlanPaths): MediaPlan['steps'] {
  const folder = socket.slice(0, socket.lastIndexOf('/'));
  return [
    {
      when: 'before the first start',
      do:
        socketMode === 'connect'
          ? `let the user that QEMU runs as create sockets in ${folder} and read the seed`
          : `start the gateway, and let the user that QEMU runs as connect to sockets in ${folder} and read the seed`,
    },
    ...(installer
      ? [
          {
            when: 'first start',
            do: 'boot the kernel and initrd taken from the vendor ISO, with the arguments in kernel',
          },
          {
            when: 'first restart',
            do: 'remove kernel, initrd and arguments: the installed disk boots by itself; detach the vendor ISO',
          },
        ]
      : [{ when: 'first start', do: 'boot the disk; its size may be grown before' }]),
    {
      when: 'after the agent said hello',
      do: 'detach the seed, then DELETE the medium: a guest can read an attached seed for ever, and it carries the channel secret',
    },
  ];
}

function qemuArguments(installer: boolean, { socket, socketMode }: PlanPaths): string[] {
  return [
    '-drive',
    'file={disk},if=none,id=disk0',
    '-device',
    'virtio-blk-pci,drive=disk0,bootindex=1',
    '-drive',
    `file={seed},if=none,id=seed0,format=raw,readonly=on${installer ? ',media=cdrom' : ''}`,
    '-device',
    installer ? 'ide-cd,drive=seed0' : 'virtio-blk-pci,drive=seed0',
    ...(installer
      ? [
          '-drive',
          'file={vendorIso},if=none,id=vendor0,format=raw,readonly=on,media=cdrom',
          '-device',
          'ide-cd,drive=vendor0,bootindex=2',
        ]
      : []),
    '-device',
    'virtio-serial-pci,id=virtio-serial0',
    '-chardev',
    `socket,path=${qemuValue(socket)},${socketMode === 'connect' ? 'server=on,wait=off' : 'server=off,reconnect=1'},id=chinfini0`,
    '-device',
    'virtserialport,chardev=chinfini0,name=org.infinibay.agent',
  ];
}

function channelSource(socket: string, mode: PlanPaths['socketMode']): string {
  const path = xmlText(socket);
  return mode === 'connect'
    ? `      <source mode='bind' path='${path}'/>`
    : `      <source mode='connect' path='${path}'>
        <reconnect enabled='yes' timeout='1'/>
      </source>`;
}

function libvirtDomain(
  request: MediaRequest,
  installer: boolean,
  { seed, socket, socketMode }: PlanPaths,
): string {
  const cdrom = (path: string, target: string): string => `    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source file='${xmlText(path)}' startupPolicy='optional'/>
      <target dev='${target}' bus='sata'/>
      <readonly/>
    </disk>`;
  const seedDisk = `    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='${xmlText(seed)}' startupPolicy='optional'/>
      <target dev='vdb' bus='virtio'/>
      <readonly/>
    </disk>`;
  const media = installer
    ? [
        cdrom(seed, 'sda'),
        cdrom(request.vendorIso ?? `${LIBVIRT_IMAGES}/ubuntu-${request.os.version}.iso`, 'sdb'),
      ]
    : [seedDisk];
  const firmware = request.firmware === 'uefi' ? ` firmware='efi'` : '';
  return `<domain type='kvm'>
  <name>${xmlText(request.hostname)}</name>
  <uuid>${request.vmId}</uuid>
  <memory unit='MiB'>4096</memory>
  <vcpu>2</vcpu>
  <os${firmware}>
    <type arch='${request.os.architecture}' machine='${request.os.architecture === 'x86_64' ? 'q35' : 'virt'}'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
  </features>
  <clock offset='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='${xmlText(`${LIBVIRT_IMAGES}/${request.hostname}.qcow2`)}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
${media.join('\n')}
    <controller type='virtio-serial' index='0'/>
    <channel type='unix'>
${channelSource(socket, socketMode)}
      <target type='virtio' name='org.infinibay.agent'/>
    </channel>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
  </devices>
</domain>
`;
}

/**
 * Users and groups that Debian's base-passwd and Fedora's setup bring: `useradd` refuses a name whose group
 * exists (Debian's own `operator`), and the machine would come up without a login.
 */
const SYSTEM_NAMES = new Set(
  'root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev staff games users nogroup nobody sync input render kvm sgx netdev wheel mem lock dbus halt shutdown ftp messagebus syslog sshd polkitd _apt'.split(
    ' ',
  ),
);
export const isSystemName = (name: string): boolean => SYSTEM_NAMES.has(name) || name.startsWith('systemd-');

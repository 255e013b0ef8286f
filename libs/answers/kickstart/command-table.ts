/**
 * Generated from pykickstart 3.78 by `npm run answers:commands`; a test compares it.
 *
 * Commands of a kickstart, one a line: name, releases that have it, how many words stand beside its options,
 * its options. `41,42` after @ are the releases that have it (none: all), after ~ those in which it is
 * deprecated: it does nothing there. `=` after an option: it takes a value; `?` it may; `!` it must be
 * there. `free`: words of another program. `%packages` is the section of that name.
 */
export const COMMAND_TABLE = `
%packages 0: excludedocs ignoremissing default multilib nocore timeout= retries= inst-langs=@41,42,43,44,9,10 exclude-weakdeps@41,42,43,44,9,10 ignorebroken@41,42,43,44 instLangs=@41,42,43,44,8,9 excludeWeakdeps@41,42,43,44,8,9
auth@8,9 free:
authconfig@8,9 free:
authselect free:
autopart 0: encrypted passphrase= escrowcert= backuppassphrase nolvm type= cipher= fstype= nohome noboot noswap luks-version= pbkdf= pbkdf-memory= pbkdf-time= pbkdf-iterations= hibernation@41,42,43,44,10 hw-passphrase=@41,42,43,44
autostep@8,9~9 0: autoscreenshot@8
bootc@43,44,10 0: stateroot= source-imgref=! target-imgref=
bootloader 0: append= location= password= driveorder= timeout= default= iscrypted md5pass= boot-drive= leavebootorder extlinux disabled nombr sdboot@41,42,43,44,10 upgrade@8
btrfs@41,42,43,44,8,9~8,9 1+: noformat@41,42,43,44 useexisting@41,42,43,44 label=@41,42,43,44 data=@41,42,43,44 metadata=@41,42,43,44 subvol@41,42,43,44 parent=@41,42,43,44 name=@41,42,43,44 mkfsoptions=@41,42,43,44
cdrom 0:
clearpart 0: all initlabel linux none disklabel= drives= list= cdl
cmdline 0: non-interactive
device@8~8 0:
deviceprobe@8~8 0:
dmraid@8~8 0:
driverdisk 1: source= biospart=
eula 0: agreed agree accepted accept
fcoe 0: nic=! dcb autovlan
firewall 0: disable disabled enable enabled port= trust= service= ftp http smtp ssh remove-service= use-system-defaults
firstboot 0: disable disabled enable enabled reconfig
graphical 0: non-interactive
group 0: name=! gid=
halt 0: eject kexec
harddrive 0: dir=! partition=! biospart=@8
hmc 0:
ignoredisk 0: drives= only-use= interactive@8
install@8~8 0:
iscsi 0: target= ipaddr=! port= user= password= reverse-user= reverse-password= iface=
iscsiname 1:
keyboard 1: vckeymap= xlayouts= switch=
lang 1: addsupport=
liveimg 0: url=! proxy= noverifyssl checksum=
logging 0: host= port= level=@8,9
logvol 1: fstype= grow maxsize= name=! noformat percent= recommended size= useexisting vgname=! fsoptions= fsprofile= encrypted passphrase= escrowcert= backuppassphrase label= resize hibernation cipher= thinpool thin poolname= chunksize= metadatasize= profile= cachesize= cachemode= cachepvs= mkfsoptions= luks-version= pbkdf= pbkdf-memory= pbkdf-time= pbkdf-iterations=
mediacheck 0:
module~41,42,43,44,10 0: name=!@8,9 stream=@8,9 disable@8,9
mount 2: reformat? mkfsoptions= mountoptions=
multipath@8~8 0:
network 0: bootproto= dhcpclass= device= essid= ethtool= gateway= hostname= ip= mtu= nameserver= netmask= nodns onboot= wepkey= notksdevice noipv4 noipv6 ipv6= activate nodefroute wpakey= bondslaves= bondopts= vlanid= ipv6gateway= teamslaves= teamconfig= interfacename= bridgeslaves= bridgeopts= no-activate bindto= ipv4-dns-search=@41,42,43,44,9,10 ipv6-dns-search=@41,42,43,44,9,10 ipv4-ignore-auto-dns@41,42,43,44,9,10 ipv6-ignore-auto-dns@41,42,43,44,9,10
nfs 0: server=! dir=! opts=
nvdimm@41,42,43,44,8,9~41,42,43,44 1: namespace=@8,9 blockdevs=@8,9 mode=@8,9 sectorsize=@8,9
ostreecontainer@41,42,43,44,9,10 0: stateroot= url=! transport= remote= no-signature-verification
ostreesetup 0: osname=! remote= url=! ref=! nogpg
part 1: asprimary fstype= type= grow maxsize= noformat onbiosdisk= ondisk= ondrive= onpart= usepart= recommended size= fsoptions= label= fsprofile= encrypted passphrase= escrowcert= backuppassphrase resize hibernation cipher= mkfsoptions= luks-version= pbkdf= pbkdf-memory= pbkdf-time= pbkdf-iterations= hw-passphrase=@41,42,43,44 active@8
partition 1: asprimary fstype= type= grow maxsize= noformat onbiosdisk= ondisk= ondrive= onpart= usepart= recommended size= fsoptions= label= fsprofile= encrypted passphrase= escrowcert= backuppassphrase resize hibernation cipher= mkfsoptions= luks-version= pbkdf= pbkdf-memory= pbkdf-time= pbkdf-iterations= hw-passphrase=@41,42,43,44 active@8
poweroff 0: eject kexec
raid 1+: device=! fstype= level= noformat spares= useexisting fsoptions= fsprofile= encrypted passphrase= escrowcert= backuppassphrase label= cipher= mkfsoptions= chunksize= luks-version= pbkdf= pbkdf-memory= pbkdf-time= pbkdf-iterations=
rdp@43,44,10 0: username= password=
realm free:
reboot 0: eject kexec
repo 0: name=! baseurl= mirrorlist= cost= excludepkgs= includepkgs= proxy= noverifyssl install metalink= sslcacert= sslclientcert= sslclientkey= ignoregroups=@8,9
reqpart 0: add-boot
rescue 0: nomount romount
rhsm@8,9,10 0: organization=! activation-key=! connect-to-insights proxy= server-hostname= rhsm-baseurl= flatpak-registry-url=@10
rootpw 1: iscrypted lock plaintext allow-ssh@41,42,43,44,9,10
selinux 0: disabled enforcing permissive
services 0: disabled= enabled=
shutdown 0: eject kexec
skipx 0:
snapshot 1: name=! when=!
sshkey 1: username=!
sshpw 1: username=! iscrypted plaintext lock sshkey
syspurpose@8,9,10 0: role= sla= usage= addon=
text 0: non-interactive
timesource@41,42,43,44,9,10 0: ntp-server= ntp-pool= ntp-disable nts
timezone 1: utc isUtc@41,42,43,44,8,9 nontp@41,42,43,44,8,9 ntpservers=@41,42,43,44,8,9
updates 1:
url 0: proxy= noverifyssl mirrorlist= url= metalink= sslcacert= sslclientcert= sslclientkey=
user 0: homedir= iscrypted name=! password= shell= uid= lock plaintext gecos= gid= groups=
vnc~43,44,10 0: password=@41,42,8,9 host=@41,42,8,9 port=@41,42,8,9
volgroup 1+: noformat useexisting reserved-space= reserved-percent= pesize=
xconfig 0: defaultdesktop= startxonboot
zerombr 0:
zfcp 0: devnum=! wwpn= fcplun=
zipl 0: secure-boot force-secure-boot no-secure-boot
`;

/** The releases that it was made for, with their numbers in it. */
export const COMMAND_RELEASES = {
  F41: '41',
  F42: '42',
  F43: '43',
  F44: '44',
  RHEL8: '8',
  RHEL9: '9',
  RHEL10: '10',
} as const;

#!/bin/sh
# Prints the name of the one disk that the rule means, e.g. `vda`, and ends with 0. Otherwise it prints
# nothing, ends with another code and says on standard error why, with every disk that it saw. It only
# reads.
#
# 3: no disk fits; 4: more than one does (never the first of them); 5: the disk holds partitions or
# signatures and may not be wiped; 6: whether it holds any cannot be told; 7: its volume group, RAID or
# multipath holds another disk as well, which would lose its data too: refused whatever may be wiped. Left
# out: read-only and removable disks, CD drives, what is mounted (the installer's own medium), a seed (by its
# label), empty slots. A disk whose first partition bears the medium's mark (disk-mark.sh) counts as empty:
# an earlier try of the same medium has begun it.
#
# It needs sh, cat, tail, tr, sed, grep, sort and readlink, and wipefs or blkid; sfdisk tells the mark, lvm and
# mdadm tell groups and arrays that are not active; Anaconda's stage 2 and Ubuntu's live server have them all,
# and what is missing is not asked. INFINIBAY_SYS, INFINIBAY_DEV, INFINIBAY_UDEV and INFINIBAY_MOUNTS stand for
# /sys, /dev, /run/udev/data and /proc/mounts. Sources: the kernel's Documentation/ABI/testing/sysfs-block
# (slaves and holders: Documentation/ABI/stable/sysfs-block) and SPC-4 (VPD page 0x80; device types 0x00 disk,
# 0x05 CD/DVD); device-mapper's UUID prefixes LVM- and mpath- (lvm2, multipath-tools).
set -u
# The rule, which disk-rule.ts writes in place of these lines: in words, then what it asks for.
rule='the only disk that is there'
rule_serial=''
rule_bus=''
rule_min=0
rule_max=0
rule_wipe=no
rule_mark=''
# @begin
sys=${INFINIBAY_SYS:-/sys}
dev=${INFINIBAY_DEV:-/dev}
udev=${INFINIBAY_UDEV:-/run/udev/data}
mounts=${INFINIBAY_MOUNTS:-/proc/mounts}

say() { echo "infinibay: $*" >&2; }
value() { cat "$sys/block/$1" 2>/dev/null || true; }
clean() { tr -cd ' -~' | sed 's/^ *//; s/ *$//'; }

# All names by which this disk's maker or hypervisor calls it, one a line.
serials() {
    value "$1/serial" | clean
    echo
    value "$1/device/serial" | clean
    echo
    # Four bytes of header come before the number.
    tail -c +5 "$sys/block/$1/device/vpd_pg80" 2>/dev/null | clean
    echo
    sed -n 's/^E:ID_SERIAL_SHORT=//p; s/^E:ID_SCSI_SERIAL=//p; s/^E:ID_SERIAL=//p' "$udev/b$(value "$1/dev")" 2>/dev/null
}

serial() { serials "$1" | sed -n '/./{p;q;}'; }

bus() {
    case $1 in
    (vd*) echo virtio ;;
    (nvme*) echo nvme ;;
    (mmcblk*) echo mmc ;;
    (xvd*) echo xen ;;
    (*)
        case $(readlink -f "$sys/block/$1") in
        (*/usb[0-9]*) echo usb ;;
        (*/ata[0-9]*) echo sata ;;
        (*) echo scsi ;;
        esac
        ;;
    esac
}

bytes() {
    sectors=$(value "$1/size")
    echo $((${sectors:-0} * 512))
}

# The disk itself and its partitions.
nodes() {
    echo "$1"
    for part in "$sys/block/$1/$1"*; do
        [ ! -e "$part/partition" ] || echo "${part##*/}"
    done
}

is_mounted() {
    for node in $(nodes "$1"); do
        while read -r source _; do
            [ "$source" != "$dev/$node" ] || return 0
        done <"$mounts"
    done
    return 1
}

is_seed() {
    for node in $(nodes "$1"); do
        case $(blkid -p -o value -s LABEL "$dev/$node" 2>/dev/null) in
        (OEMDRV | CIDATA | cidata) return 0 ;;
        esac
    done
    return 1
}

# Why a disk is none to install on; nothing when it is one.
left_out() {
    type=$(value "$1/device/type")
    if [ "${type:-0}" = 5 ]; then echo 'CD drive'
    elif [ "${type:-0}" != 0 ] && [ -n "${type##*[!0-9]*}" ]; then echo "no disk, SCSI type $type"
    elif [ "$(value "$1/hidden")" = 1 ]; then echo 'a path to another disk'
    elif [ "$(bytes "$1")" = 0 ]; then echo 'no medium in it'
    elif [ "$(value "$1/removable")" = 1 ]; then echo 'removable'
    elif [ "$(value "$1/ro")" = 1 ]; then echo 'read-only'
    elif is_mounted "$1"; then echo 'in use by the installer'
    elif is_seed "$1"; then echo 'the seed'
    fi
}

has_serial() {
    serials "$1" | while read -r one; do
        [ "$one" != "$rule_serial" ] || { echo yes; break; }
        # virtio-blk carries 20 characters of a serial and drops the rest.
        case "$(bus "$1") ${#one} $rule_serial" in
        ("virtio 20 $one"*) echo yes; break ;;
        esac
    done
}

fits() {
    [ -z "$rule_serial" ] || [ -n "$(has_serial "$1")" ] || return 1
    [ -z "$rule_bus" ] || [ "$rule_bus" = "$(bus "$1")" ] || return 1
    [ "$rule_max" = 0 ] || { [ "$(bytes "$1")" -ge "$rule_min" ] && [ "$(bytes "$1")" -le "$rule_max" ]; } || return 1
}

describe() {
    number=$(serial "$1")
    echo "$1 ($(bus "$1"), $(bytes "$1") bytes, ${number:+serial }${number:-no serial})"
}

# The disks with hardware behind them on which a device, partition or disk lies.
disks_of() (
    [ ! -e "$sys/block/$1/device" ] || echo "$1"
    for whole in "$sys"/block/*; do
        [ ! -e "$whole/$1/partition" ] || disks_of "${whole##*/}"
    done
    for below in "$sys/block/$1/slaves"/*; do
        [ ! -e "$below" ] || disks_of "${below##*/}"
    done
)

# Everything that is built on a device and on its partitions, at any height.
holders_of() (
    for holder in "$sys/block/$1/holders"/* "$sys/block/$1/$1"*/holders/*; do
        [ -e "$holder" ] || continue
        echo "${holder##*/}"
        holders_of "${holder##*/}"
    done
)

title() {
    case "$1 $(value "$1/dm/uuid")" in
    (md*) echo "the RAID $1" ;;
    (*' LVM-'*) echo "the logical volume $(value "$1/dm/name")" ;;
    (*' mpath-'*) echo "the multipath $(value "$1/dm/name")" ;;
    (*) echo "the mapped device $(value "$1/dm/name")" ;;
    esac
}

# The disks of a physical volume, which lvm calls [unknown] when it is not there.
disks_of_volume() {
    case $1 in
    ('[unknown]') echo missing ;;
    (*)
        volume=$(readlink -f "$1" || echo "$1")
        disks_of "${volume##*/}"
        ;;
    esac
}

volumes() { lvm pvs --readonly --noheadings --separator '|' -o vg_uuid,vg_name,pv_name 2>/dev/null || true; }

raid() { mdadm --examine --export "$dev/$1" 2>/dev/null | sed -n "s/^$2=//p"; }

raids_of() {
    for member in $(nodes "$1"); do raid "$member" MD_UUID; done
}

# What a disk shares, and with which other one, one a line: what is active, then what lies there unused.
shared() {
    for holder in $(holders_of "$1"); do
        for other in $(disks_of "$holder"); do echo "$other $(title "$holder")"; done
    done
    all=$(volumes)
    echo "$all" | while IFS='|' read -r group name volume; do
        [ -n "$name" ] || continue
        disks_of_volume "$volume" | grep -qx "$1" || continue
        echo "$all" | while IFS='|' read -r of_group _ volume; do
            [ "$of_group" = "$group" ] || continue
            for other in $(disks_of_volume "$volume"); do echo "$other the volume group $name"; done
        done
    done
    for node in $(nodes "$1"); do
        array=$(raid "$node" MD_UUID)
        [ -n "$array" ] || continue
        count=0
        for entry in "$sys"/block/*; do
            [ -e "$entry/device" ] || continue
            for same in $(raids_of "${entry##*/}"); do
                [ "$same" = "$array" ] || continue
                count=$((count + 1))
                echo "${entry##*/} the RAID $(raid "$node" MD_NAME)"
            done
        done
        [ "$count" -ge "$(raid "$node" MD_DEVICES)" ] || echo "missing the RAID $(raid "$node" MD_NAME)"
    done
}

is_begun() { [ -n "$rule_mark" ] && [ "$(sfdisk --part-label "$dev/$1" 1 2>/dev/null)" = "$rule_mark" ]; }

seen=
others=
found=
count=0
for entry in "$sys"/block/*; do
    name=${entry##*/}
    # Loop, RAM, RAID and mapped devices have no hardware behind them.
    [ -e "$entry/device" ] || continue
    reason=$(left_out "$name")
    if [ -n "$reason" ]; then
        others="$others, $name ($reason)"
        continue
    fi
    seen="$seen, $(describe "$name")"
    if fits "$name"; then
        found="$found $name"
        count=$((count + 1))
    fi
done
list="disks seen: ${seen#, }"
[ -n "$seen" ] || list='no disks seen'
[ -z "$others" ] || list="$list; left out: ${others#, }"

if [ "$count" -eq 0 ]; then
    say "no disk fits the rule ($rule): nothing was written; $list"
    exit 3
fi
if [ "$count" -gt 1 ]; then
    say "more than one disk fits the rule ($rule):$found: nothing was written; name one by its serial; $list"
    exit 4
fi
disk=${found# }
# `vdb the RAID md0` becomes `the RAID md0 with vdb`.
also=$(shared "$disk" | grep -v "^$disk " | sort -u |
    sed 's/^\([^ ]*\) \(.*\)$/\2 with \1/; s/ with missing$/ with a disk that is not there/' |
    tr '\n' ',' | sed 's/,$//; s/,/, /g')
if [ -n "$also" ]; then
    say "$disk shares $also: nothing was written, and disk.wipe does not change that; part them first; $list"
    exit 7
fi
if [ "$rule_wipe" = no ] && ! is_begun "$disk"; then
    holds=
    [ "$(nodes "$disk")" = "$disk" ] || holds='partitions'
    if [ -z "$holds" ] && command -v wipefs >/dev/null 2>&1; then
        signatures=$(wipefs --no-act "$dev/$disk" 2>&1) || {
            say "whether $disk holds data cannot be told: $signatures; nothing was written; $list"
            exit 6
        }
        [ -z "$signatures" ] || holds='file-system or partition signatures'
    elif [ -z "$holds" ]; then
        code=0
        blkid -p "$dev/$disk" >/dev/null 2>&1 || code=$?
        case $code in
        (0 | 8) holds='file-system or partition signatures' ;;
        (2) ;;
        (*)
            say "whether $disk holds data cannot be told: blkid ended with $code; nothing was written; $list"
            exit 6
            ;;
        esac
    fi
    if [ -n "$holds" ]; then
        say "$disk holds $holds and disk.wipe is false: nothing was written; $list"
        exit 5
    fi
fi
echo "$disk"

#!/bin/sh
# Prints the name of the one disk that the rule means, e.g. `vda`, and ends with 0. Otherwise it prints
# nothing, ends with another code and says on standard error why, with every disk that it saw. It only
# reads.
#
# 3: no disk fits; 4: more than one does (never the first of them); 5: the disk holds partitions or
# signatures and may not be wiped; 6: whether it holds any cannot be told. Left out: read-only and removable
# disks, CD drives, what is mounted (the installer's own medium), a seed (by its label), empty slots.
#
# It needs sh, coreutils and sed, and wipefs or blkid; Anaconda's stage 2 and Ubuntu's live server have
# them. INFINIBAY_SYS, INFINIBAY_DEV, INFINIBAY_UDEV and INFINIBAY_MOUNTS stand for /sys, /dev,
# /run/udev/data and /proc/mounts. Sources: the kernel's Documentation/ABI/testing/sysfs-block and SPC-4
# (VPD page 0x80; device types 0x00 disk, 0x05 CD/DVD).
set -u
# The rule, which disk-rule.ts writes in place of these lines: in words, then what it asks for.
rule='the only disk that is there'
rule_serial=''
rule_bus=''
rule_min=0
rule_max=0
rule_wipe=no
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
if [ "$rule_wipe" = no ]; then
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

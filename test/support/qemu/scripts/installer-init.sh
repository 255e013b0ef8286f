#!/bin/busybox sh
# shellcheck shell=dash
# The first process of a guest that stands in for an installer's live system: it runs what the installer runs of
# ours, in order, and restarts the machine when all of it went well, as an installer does in the end. After a
# failure it runs the commands that are for that, and then does nothing any more, as Anaconda does after a
# failed %pre. The machine is only switched off by our scripts themselves.
#
# /installer/modules lists the kernel modules in their order. /installer/before-N is run before the disk is
# touched, /installer/before-failed-N when one of them has failed; /installer/later-fails is there when the
# installation is to fail later, and /installer/later-failed-N is run then.
/bin/busybox mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
/bin/busybox --install -s /bin
export PATH=/stand-ins:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /run
mount -t tmpfs tmp /tmp
mkdir -p /dev/disk/by-label /run/install
while read -r module; do insmod "/modules/$module"; done </installer/modules

# What udev does: a link for the label of each disk, once it is there.
while :; do
    for device in /sys/class/block/*; do
        name=${device##*/}
        label=$(blkid -p -o value -s LABEL "/dev/$name" 2>/dev/null)
        [ -z "$label" ] || ln -sfn "../../$name" "/dev/disk/by-label/$label"
    done
    sleep 1
done &

all() { # prefix
    for program in /installer/"$1"-[0-9]*; do
        [ -e "$program" ] || continue
        echo "installer: $program"
        sh "$program" || { echo "installer: $program failed" && return 1; }
    done
}
if ! all before; then
    all before-failed
elif [ -e /installer/later-fails ]; then
    all later-failed
else
    echo 'installer: done, the machine restarts'
    sync
    reboot -f
fi
echo 'installer: does nothing any more'
while :; do sleep 3600; done

#!/bin/bash
# Boots systemd as PID 1 in namespaces of its own, over the machine's own files, which it cannot change.
# Arguments: the lab's folder, and the node's name. The node's files are in LAB/nodes/NAME.
set -eu
lab="$1"
name="$2"
mkdir "$lab/cgroup/$name"
echo $$ > "$lab/cgroup/$name/cgroup.procs"
exec unshare --mount --uts --ipc --cgroup --pid --fork --kill-child=SIGKILL /bin/bash -c '
set -eu
lab="$1"
name="$2"
mount --make-rprivate /
mount -t tmpfs none "$lab/mnt"
mkdir "$lab/mnt/up" "$lab/mnt/work" "$lab/mnt/root"
cp -r "$lab/nodes/$name" "$lab/mnt/files"
mount -t overlay overlay -o "lowerdir=/,upperdir=$lab/mnt/up,workdir=$lab/mnt/work" "$lab/mnt/root"
root="$lab/mnt/root"
hostname "$name"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys" || mount --bind /sys "$root/sys"
mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
for d in run tmp dev etc/systemd/system var/log; do mount -t tmpfs -o mode=755 none "$root/$d"; done
for n in null zero full random urandom tty; do cp -a "/dev/$n" "$root/dev/$n"; done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/run/old"
ln -s /proc/self/fd "$root/dev/fd"
cp -r "$lab/mnt/files/." "$root/"
cd "$root"
pivot_root . run/old
umount -l /run/old
for u in systemd-udevd systemd-udev-trigger getty.target console-getty systemd-logind systemd-networkd \
    systemd-journald systemd-resolved systemd-timesyncd; do
    case "$u" in *.target) ;; *) u="$u.service" ;; esac
    ln -sf /dev/null "/etc/systemd/system/$u"
done
for u in systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket timers.target; do
    ln -sf /dev/null "/etc/systemd/system/$u"
done
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=lab.target \
    --log-level=err --log-target=null --show-status=no
' sh "$lab" "$name"

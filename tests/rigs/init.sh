#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The outer Linux of a rig: mounts, loads KVM, then becomes the agent on ttyS0.
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /run /root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /dev/shm
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
ip link set lo up
# In the order of /modules.order: a module follows what it needs.
while read -r module; do
	insmod "/modules/$module" || echo "init: cannot load $module"
done </modules/order
export PATH=/bin HOME=/root TERM=dumb XDG_RUNTIME_DIR=/run
stty -F /dev/ttyS1 115200 raw -echo
# Only what kills the kernel may still be written between the agent's frames.
dmesg -n 1
exec /bin/agent /dev/ttyS0

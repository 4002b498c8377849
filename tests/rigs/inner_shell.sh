#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The user space of the inner Linux guest where a test has more to do in it than inner_init.c can: loads
# the modules, then takes commands on the console, without an echo, so that what comes back is output.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
	insmod "/modules/$module" || echo "init: cannot load $module"
done </modules/order
# Its driver is a module, so that the kernel has given init another console.
case $(cat /proc/cmdline) in *console=hvc0*)
	until (: </dev/hvc0); do usleep 10000; done 2>/dev/null
	exec </dev/hvc0 >/dev/hvc0 2>&1 ;;
esac
stty -echo
export PATH=/bin PS1=''
echo 'shell ready'
exec sh

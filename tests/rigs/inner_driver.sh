#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# The user space of the inner Linux guest where a driver is stepped through: loads it, uses it, unloads it,
# powers off.
/bin/busybox mkdir -p /proc /sys
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox insmod /edu.ko || echo 'init: cannot load edu.ko'
cd /sys/bus/pci/drivers/edu/0000:00:01.0 || echo 'init: edu has not taken its device'
echo 6 >factorial
read -r answer <factorial
echo "6! is $answer"
cd /
/bin/busybox rmmod edu && echo 'edu is gone'
/bin/busybox poweroff -f

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# On a disk that is made in a rig: what busybox's init runs before it gives the console to a shell.
mount -o remount,rw /
mount -t tmpfs tmp /tmp
echo 'the disk is root'

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A /dev/kvm that cannot be had: one sentence that fits this machine, and exit status 1.
# places: native

[ "$(id -u)" = 0 ] || { echo 'only root can hide devices'; exit 77; }
unshare -m true 2>/dev/null || { echo 'no mount namespaces here'; exit 77; }
command -v setpriv >/dev/null || { echo 'no setpriv'; exit 77; }

dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
cp "$(command -v vitrine)" "$dir/vitrine"
chmod 755 "$dir"

# refused SETUP SENTENCE: as nobody, in a mount namespace where SETUP was done.
refused() {
	out=$(DIR=$dir unshare -m sh -ec "$1"'
		cd /
		exec setpriv --reuid 65534 --regid 65534 --clear-groups "$DIR/vitrine" demo -monitor none </dev/null' 2>&1)
	status=$?
	echo "$status: $out"
	[ $status = 1 ] && [ "$(echo "$out" | wc -l)" = 1 ] || exit 1
	case $out in "vitrine: $2"*) ;; *) exit 1 ;; esac
}

refused 'mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3' 'there is no /dev/kvm: load KVM'
node='mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod /dev/kvm c 10 232;'
refused "$node chown 0:1 /dev/kvm; chmod 660 /dev/kvm" \
	"no permission to open /dev/kvm: add yourself to the group \"$(getent group 1 | cut -d: -f1)\""
refused "$node chown 0:1 /dev/kvm; chmod 600 /dev/kvm" "no permission to open /dev/kvm: it is root's alone here"
refused "$node chown 0:0 /dev/kvm; chmod 660 /dev/kvm" "no permission to open /dev/kvm: it is root's alone here"

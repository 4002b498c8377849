#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What `vitrine check` finds where the facilities are known.
# places: vmx svm

out=$(vitrine check)
status=$?
echo "$out"

# row NAME VERDICT: the row is there and says so.
row() {
	echo "$out" | grep -q "^  $1  *$2" && return
	echo "not found: '$1' $2"
	exit 1
}

row 'KVM_CAP_SET_GUEST_DEBUG' works
row 'single-step' works
row 'steps without interrupts' works
row 'page protection' works
case $VITRINE_PLACE in
vmx)
	row 'breakpoint instruction' works
	row 'hardware breakpoint' works
	row 'data watchpoint' works
	row "guest's debug registers" works
	[ $status = 0 ]
	;;
svm)
	# The emulated SVM intercepts neither int3 nor loads DR7.
	row 'breakpoint instruction' missing
	row 'hardware breakpoint' missing
	row 'data watchpoint' emulated
	[ $status = 1 ]
	;;
esac

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The place has KVM, and those of its debug facilities that it is used for.
# QEMU's TCG does not intercept int3 for SVM and does not load DR7; a KVM
# without VT-x has its own gaps.
case $VITRINE_PLACE in
vmx) exec kvm_smoke vm step int3 hwbreak watch ;;
*) exec kvm_smoke vm step ;;
esac

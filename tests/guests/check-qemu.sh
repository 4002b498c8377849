#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the guests under QEMU's interpreter and compares exit status and output:
# a check of the guests themselves, without KVM and without vitrine.
#
# usage: tests/guests/check-qemu.sh [BUILD/guests]

dir=${1:-build/guests}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

# run NAME STATUS PATTERN QEMU-ARGUMENTS...   (PATTERN empty: prints nothing)
run() {
	name=$1 status=$2 pattern=$3
	shift 3
	timeout 60 qemu-system-x86_64 -accel tcg -m 64 -display none -monitor none -no-reboot \
		-serial file:"$tmp/out" -device isa-debug-exit,iobase=0xf4,iosize=0x4 "$@" 2>"$tmp/err"
	got=$?
	if [ $got -ne "$status" ]; then
		echo "FAIL $name: status $got, not $status"
	elif [ -z "$pattern" ] && [ -s "$tmp/out" ]; then
		echo "FAIL $name: it was to print nothing:"
	elif [ -n "$pattern" ] && ! grep -Eq "$pattern" "$tmp/out"; then
		echo "FAIL $name: no \"$pattern\" in what it printed:"
	else
		echo "ok   $name"
		return
	fi
	cat "$tmp/out" "$tmp/err"
	failed=1
}

cat >"$tmp/tree.dts" <<'DTS'
/dts-v1/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	cpus {
		#address-cells = <1>;
		#size-cells = <0>;
		cpu@0 { device_type = "cpu"; reg = <0>; };
		cpu@1 { device_type = "cpu"; reg = <1>; };
		cpu@2 { device_type = "cpu"; reg = <2>; };
	};
	isa {
		compatible = "isa";
		#address-cells = <2>;
		#size-cells = <1>;
		ranges;
		serial@3f8 { compatible = "ns16550a"; reg = <1 0x3f8 8>; };
		exit@f4 { compatible = "vitrine,debug-exit"; reg = <1 0xf4 4>; };
	};
};
DTS
dtc -q -I dts -O dtb -o "$tmp/tree.dtb" "$tmp/tree.dts" || exit 1

demo="-kernel $dir/demo.elf"
run demo 1 'tick 200 +cpu0: 200 ticks.* cpu1: ' $demo -smp 2 -append ticks=210
run demo-fdt 1 'devices from the device tree' $demo -smp 3 -initrd "$tmp/tree.dtb" -append ticks=20
run demo-fdt-cpus 1 'CPUs: 3,' $demo -smp 3 -initrd "$tmp/tree.dtb" -append ticks=20
run demo-pit 1 'timer: PIT' $demo -cpu qemu64,-apic -append ticks=20
run demo-quiet 1 '' $demo -append 'quiet ticks=5 hz=1000'
run demo-idle 1 'CPUs: 2' $demo -smp 2 -append 'mode=idle ticks=20'
run demo-spin 1 'CPUs: 2' $demo -smp 2 -append 'mode=spin calls=100000'
run demo-storm 1 'CPUs: 3' $demo -smp 3 -append 'mode=storm calls=1000'
run demo-pio 1 'CPUs: 2' $demo -smp 2 -append 'mode=pio calls=1000'
run demo-bp 1 'bp: cpu1: 100 rounds, 0 failed' $demo -smp 2 -append 'mode=bp calls=100'
run demo-panic 15 '#PF page fault, error code 0x2.*cr2 0x0' $demo -append 'mode=panic panic=7'
run demo-triple 0 'CPUs: 1' $demo -append mode=triple
run demo-no-mode 5 'no such mode' $demo -append mode=none

run steps 1 'steps: 300 rounds.*300 ints, 300 syscalls' -kernel $dir/steps.elf -append calls=300
run steps-plain 1 'steps: 300 rounds.* 0 ints, 0 syscalls' -kernel $dir/steps.elf -append 'calls=300 plain'
run memop 1 'memop: 50 rounds, 50 sums, 0 went' -kernel $dir/memop.elf -smp 3 -append calls=50
run memop-one 1 'memop: 9 rounds, 0 sums, 0 went' -kernel $dir/memop.elf -append 'calls=9 op=rep_stosb'
run modes 1 '^ABCDEFGHIJ$' -kernel $dir/modes.elf
run modes-8 1 '^ABCDEFGHIJ$' -kernel $dir/modes.elf -append 8
printf 'module' >"$tmp/mod"
run multiboot 1 'module .*one two.* begins 0x75646f6d' -kernel $dir/multiboot.elf \
	-initrd "$tmp/mod one two" -append 'a b'
run multiboot-kludge 1 'wrong 0x0' -kernel $dir/multiboot.bin -initrd "$tmp/mod"
run flat16 1 'in real mode at 0x7c00' -drive file=$dir/flat16.bin,format=raw,snapshot=on

# Guests that never end, or that QEMU has no loader for, are left to vitrine's own tests:
# hlt.elf, multiboot64.elf, flat64.bin.

exit $failed

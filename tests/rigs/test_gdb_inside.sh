#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# A gdb beside vitrine, at the socket where it listens unless told otherwise:
# only its user's, there while it runs, gone with it.
set -e
name=inside-$$
said=/tmp/$name
mkfifo "$said"
vitrine -kernel "$GUESTS/demo.elf" -append mode=idle -m 64 -S -name "$name" \
	-serial none -monitor none >"$said" 2>&1 &
pid=$!
trap 'kill -9 $pid 2>/dev/null || true; rm -f "$said"' EXIT

exec 3<"$said"
socket=
while [ -z "$socket" ] && read -r line <&3; do
	echo "$line"
	socket=$(expr "$line" : 'gdb: target remote \(.*\)') || true
done
[ "$(stat -c %a "$socket")" = 600 ]

out=$(gdb -batch -nx -ex "set remotetimeout 60" -ex "target remote $socket" \
	-ex 'break kernel_main' -ex continue -ex 'info symbol $pc' -ex 'stepi 5' -ex detach \
	"$GUESTS/demo.elf" 2>&1) || { echo "$out"; exit 1; }
echo "$out"
echo "$out" | grep -q '^kernel_main.* in section .text'

kill "$pid"
wait "$pid"
[ ! -e "$socket" ]

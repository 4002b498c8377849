# SPDX-License-Identifier: GPL-3.0-or-later
# Attaching late, Ctrl-C, threads; no debug facility but the single step.
# places: vmx svm native
# vitrine: -kernel @demo.elf -m 128 -smp 2
# symbols: demo.elf
# wait: tick
# then: tick
import time

import gdb

from session import check, check_equal, check_match, connect, continue_until_interrupted, pc, run, value

connect()
check_equal(len(gdb.selected_inferior().threads()), 2, "threads")
check_match("vCPU1", run("info threads"), "names")
before = value("ticks")
for _ in range(5):
    continue_until_interrupted()
end = time.monotonic() + 200
while value("ticks") <= before:
    check(time.monotonic() < end, "the guest does not run in between")
    continue_until_interrupted()
for _ in range(20):
    run("stepi")

# Each vCPU has its own registers, and with the scheduler locked only one moves.
run("set scheduler-locking on")
run("thread 1")
one = pc()
run("thread 2")
two = pc()
run("thread apply all backtrace 3")
run("thread 2")
run("stepi")
run("thread 1")
check_equal(pc(), one, "vCPU 0 while vCPU 1 stepped")
run("set scheduler-locking replay")

rax = value("$rax")
run("set $rax = 0x1122334455667788")
check_equal(value("$rax"), 0x1122334455667788, "rax")
run(f"set $rax = {rax}")
check_match("stopped", run("monitor info status"), "the monitor agrees")
blob = bytes(range(256)) * 20
place = value("&tasks")
old = bytes(gdb.selected_inferior().read_memory(place, 64))
gdb.selected_inferior().write_memory(place, blob[:64])
check_equal(bytes(gdb.selected_inferior().read_memory(place, 64)), blob[:64], "memory")
gdb.selected_inferior().write_memory(place, old)
try:
    gdb.selected_inferior().read_memory(0xffff900000000000, 1)
    check(False, "memory that is not mapped")
except gdb.MemoryError:
    pass
run("detach")

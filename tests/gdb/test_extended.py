# SPDX-License-Identifier: GPL-3.0-or-later
# target extended-remote: run is a reset, the session outlives detach and kill; info os.
# places: native vmx
# vitrine: -kernel @demo.elf -m 64 -smp 2
# symbols: demo.elf
# gdb: unix
# wait: tick
# then: tick
import gdb

from session import TARGET, address, check_equal, check_match, function, pc, run, value

run(f"target extended-remote {TARGET}")
ticks = value("ticks")
run("starti")
check_equal(pc(), address("pvh_start"), "the first instruction")
run("tbreak kernel_main")
run("continue")
check_equal(function(), "kernel_main", "stopped in")
check_equal(value("ticks"), 0, "the guest began anew")

# Without a guest: only what needs none.
run("detach")
check_match("No threads", run("info threads"), "detached")
check_match("VM status: running", run("monitor info status"), "the guest goes on")
run("attach 1")
check_equal(len(gdb.selected_inferior().threads()), 2, "threads")
run("kill")
check_match("has not run yet", run("monitor info status"), "killed is reset and held")
run("starti")
check_equal(pc(), address("pvh_start"), "the first instruction again")
for command, said in (("starti with arguments", "failed"), ("attach 2", "failed")):
    try:
        run("kill")
        run(command)
        raise AssertionError(f"{command} is not refused")
    except gdb.error as e:
        check_match(said, str(e), command)
    run("set args")
    run("starti")

check_match("devices.*The guest's devices", run("info os"), "tables")
check_match("serial0 +4 +16550A", run("info os devices"), "devices")
check_match("0x0000000000000000 +0x0000000003ffffff ram", run("info os memory"), "memory")
run("detach")

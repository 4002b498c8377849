# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# needs: processor
# vitrine: -kernel @demo.elf -append "mode=bp calls=12" -smp 2 -m 64 -S
# symbols: demo.elf
# then: bp: cpu0: 12 rounds, 0 failed
# exit: 1
"""The guest debugs itself while gdb debugs the guest: both get their own."""
import gdb
from session import check, check_equal, connect, function, run, value

connect()
run("break selfdebug_round")
for _ in range(4):
    run("continue")
    check_equal(function(), "selfdebug_round", "stopped in")
run("delete")

# On the very function on which the guest has its own breakpoint in DR0.
for kind in ("hbreak", "break"):
    run(f"{kind} exec_probe")
    for _ in range(3):
        run("continue")
        check_equal(function(), "exec_probe", "stopped in")
    run("delete")

# On the variable that the guest watches with DR1.
run("watch selfdebug[0].watched")
for _ in range(3):
    run("continue")
run("delete")
for cpu in range(2):
    failures = value(f"selfdebug[{cpu}].failures")
    check(not failures, f"CPU {cpu}: failures {failures:#x}")
run("detach")

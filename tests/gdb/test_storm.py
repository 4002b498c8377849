# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @demo.elf -append "mode=storm calls=15" -smp 3 -m 64 -S
# symbols: demo.elf
# exit: 1
"""All CPUs hammer one function with a breakpoint: no call gets past it."""
import gdb
from session import check_equal, connect, function, run, value

CPUS, CALLS = 3, 15

connect()
run("break storm_target")
seen = [0] * CPUS
for _ in range(CPUS * CALLS):
    gdb.execute("continue", to_string=True)
    check_equal(function(), "storm_target", "stopped in")
    cpu, n = value("cpu"), value("n")
    check_equal(n, seen[cpu] + 1, f"call of CPU {cpu}")
    check_equal(value(f"storm_count[{cpu}]"), n, f"storm_count[{cpu}]")
    seen[cpu] = n
check_equal(seen, [CALLS] * CPUS, "calls seen")
run("delete")
run("detach")

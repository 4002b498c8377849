# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @demo.elf -append "mode=storm" -smp 3 -m 64 -S
# symbols: demo.elf
# exit: 0
"""Conditions and dprintf are evaluated on the CPU that hits: nothing is lost, and nothing stops in vain."""
import re

import gdb
from session import block, check_equal, check_match, connect, function, run, typed, value

CPUS, PRINTED = 3, 50


def stopped_at():
    gdb.execute("continue", to_string=True)
    check_equal(function(), "storm_target", "stopped in")
    return value("cpu"), value("n")


def ahead():
    """A call that no CPU has come to yet."""
    return max(value(f"storm_count[{cpu}]") for cpu in range(CPUS)) + 10


connect()
run("set breakpoint condition-evaluation target")

# A register.
run("break storm_target if $rsi == 5 && $rdi == 1")
check_equal(stopped_at(), (1, 5), "CPU and call")
check_match(r"stop only if .* \(target evals\)", run("info breakpoints"), "who evaluates")
run("delete")

# Locals, and memory behind an address that is computed.
call = ahead()
run(f"break storm_target if n == {call} && storm_count[cpu] == n")
seen = sorted(stopped_at() for _ in range(CPUS))
check_equal(seen, [(cpu, call) for cpu in range(CPUS)], f"CPUs that came to call {call}")
hits = re.search(r"already hit (\d+) time", run("info breakpoints"))
check_equal(int(hits[1]), CPUS, "hits that gdb has counted")
run("delete")

# Another condition takes the place of the first; two breakpoints at one place are two conditions.
call = ahead()
run("break storm_target if cpu == 7")
run(f"condition {value('$bpnum')} cpu == 2 && n == {call}")
run(f"break storm_target if cpu == 0 && n == {call}")
check_equal(sorted(stopped_at() for _ in range(2)), [(0, call), (2, call)], "two conditions")
run("delete")

# Ignored ones are true ones.
call = ahead() // 2 * 2
run(f"break storm_target if cpu == 1 && n >= {call} && n % 2 == 0")
run(f"ignore {value('$bpnum')} 2")
check_equal(stopped_at(), (1, call + 4), "behind two that were ignored")
run("delete")

# What cannot be evaluated stops; gdb cannot evaluate it either, and says so.
run("break storm_target if *(int *) 0x700000000000 == 1")
gdb.execute("continue", to_string=True)
check_equal(function(), "storm_target", "stopped in")
run("delete")

# Trace state variables: a tracepoint counts, a breakpoint looks at the count. gdb defines them at tstart.
run("tvariable $calls")
run("break storm_target if $calls == 20")
typed("continue")
check_equal(function(), "storm_target", "stopped in")
run("delete")
run("trace storm_target")
block("actions", "teval $calls = $calls + 1")
returns = gdb.newest_frame().older().pc()
run("tstart")
run(f"break *{returns:#x} if $calls >= 20")
gdb.execute("continue", to_string=True)
check_equal(function(), "mode_storm", "stopped in")
check_equal(value("$calls") >= 20, True, "what was counted")
run("tstop")
run("delete")

# Printed by the target while the guest runs; the breakpoint is where no dprintf is, or gdb would print.
run("break storm_target")
stopped_at()
run("delete")
call = ahead()
run("set dprintf-style agent")
run('dprintf storm_target,"call %lu of CPU %u\\n", n, cpu')
run(f"condition {value('$bpnum')} n >= {call} && n < {call + PRINTED}")
passed = " && ".join(f"storm_count[{cpu}] > {call + PRINTED}" for cpu in range(CPUS))
run(f"break *{gdb.newest_frame().older().pc():#x} if {passed}")
lines = re.findall(r"^call (\d+) of CPU (\d)$", run("continue"), re.M)
check_equal(function(), "mode_storm", "stopped in")
for cpu in range(CPUS):
    check_equal([int(n) for n, c in lines if int(c) == cpu], list(range(call, call + PRINTED)),
                f"calls of CPU {cpu} that were printed")
run("delete")
run("kill")

# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @demo.elf -append "mode=storm quiet" -smp 2 -m 64 -S
# symbols: demo.elf
# gdb: unix
# timeout: 1800
"""Tracepoints: every frame is what the guest's own counters say, however it is looked at."""
import os
import tempfile

import gdb
from session import (TARGET, block, check, check_equal, check_match, connect, function, run, value)

CPUS = 2


def counters():
    return [value(f"storm_count[{cpu}]") for cpu in range(CPUS)]


def go_on(calls):
    """Lets the guest run until one of its CPUs has made that many calls more than any had."""
    run(f"tbreak storm_target if n >= {max(counters()) + calls}")
    run("continue")
    check_equal(function(), "storm_target", "stopped in")


def frames():
    """Selects each trace frame in turn."""
    gdb.execute("tfind start", to_string=True)
    while value("$trace_frame") != (1 << 64) - 1:
        yield value("$trace_frame")
        gdb.execute("tfind", to_string=True)


def hits():
    """{cpu: [n of each frame at storm_target]}, and the number of all frames."""
    found, count = {cpu: [] for cpu in range(CPUS)}, 0
    for number in frames():
        check_equal(number, count, "frame")
        count += 1
        if value("$pc") != TARGET_PC:
            continue
        cpu, n = value("cpu"), value("n")
        check_equal(value("$rsi"), n, "the register and the argument")
        check_equal(value(f"*(unsigned long *)&storm_count[{cpu}]"), n, "collected memory")
        found[cpu].append(n)
    return found, count


def expected(first, wanted):
    """Which calls a tracepoint must have seen, by the guest's counters."""
    return {cpu: [n for n in range(first[cpu] + 1, value(f"storm_count[{cpu}]") + 1) if wanted(n)]
            for cpu in range(CPUS)}


def compare(found, sure):
    """The last call of each CPU may have been counted, and not made yet."""
    for cpu in range(CPUS):
        check(found[cpu] in (sure[cpu], sure[cpu][:-1]), f"CPU {cpu}: {found[cpu]} of {sure[cpu]}")


def status(pattern):
    check_match(pattern, run("tstatus"), "tstatus")


def live():
    run("tfind none")


connect()
run("break mode_storm")
run("continue")
run("delete")
TARGET_PC = value("&storm_target")

# A condition, what expressions do, and the two instructions behind each hit.
run("tvariable $odd = 5")
run("trace storm_target if n % 10 == 7")
block("actions", "collect $regs", "collect cpu, n, storm_count[cpu]", "collect $trace_timestamp",
      "teval $odd = $odd + 1", "while-stepping 2", "collect $rip", "end")
first = counters()
run("tstart")
status("Trace is running")
go_on(100)
run("info tracepoints")
run("info tvariables")
found_odd = value("$odd") - 5
run("tstop")
status("Trace stopped by a tstop command")
sure = expected(first, lambda n: n % 10 == 7)
found, count = hits()
compare(found, sure)
total = sum(len(calls) for calls in found.values())
check_equal(found_odd, total, "the trace state variable")
check(2 * total + total - 4 <= count <= 3 * total, f"{count} frames with steps of {total} hits")
check_match(f"already hit {total} times", run("info tracepoints"), "hits")

# By number, tracepoint, address; what one frame has, and what it has not.
run("tfind start")
run("tdump")
run("tfind 1")
run("tfind pc storm_target")
check_equal(value("$pc"), TARGET_PC, "the frame's address")
run("tfind outside &storm_target, &storm_target")
check(value("$pc") != TARGET_PC, "a frame outside of it")
check_match(r"^\$rip = ", run("tdump"), "a step")
run("tfind range &storm_target, &storm_target + 1")
run("tfind tracepoint 2")
run("tfind line storm_target")
check_match("unavailable", run("output storm_count"), "what was not collected")
check_match("unavailable|Cannot access", run("output heartbeat"), "what was not collected")
for command in ("set var $rax = 0x123456", "set var cpu = 77"):
    try:
        run(command)
        check(False, f"{command} in a trace frame")
    except gdb.error:
        pass
live()
check_equal(function(), "storm_target", "back at the guest, in")

# The same from a file.
with tempfile.TemporaryDirectory() as scratch:
    name = os.path.join(scratch, "storm.trace")
    run(f"tsave {name}")
    try:
        run(f"tsave -r {name}.remote")
        check(False, "the stub wrote a file")
    except gdb.error:
        pass
    check(not os.path.exists(f"{name}.remote"), "the stub wrote a file")
    run("detach")
    run(f"target tfile {name}")
    again, frames_of_file = hits()
    check_equal(again, found, "the file's frames")
    check_equal(frames_of_file, count, "the file's number of frames")
    status("Trace stopped by a tstop command")
run("delete tracepoints")
run("delete tvariable")

# The guest ran meanwhile. A pass count ends the trace by itself, and a string is collected.
connect()
run("delete tracepoints")
run("tvariable $total = 0")
run("trace storm_target")
block("actions", "collect cpu, n, $regs", "collect/s cpus[cpu].doing", "teval $total = $total + 1")
run("passcount 1000")
run("tstart")
go_on(1000)
status("Trace stopped by tracepoint")
check_match("already hit 1000 times", run("info tracepoints"), "hits")
check_equal(value("$total"), 1000, "what all CPUs counted together")
run("tfind 999")
check_match("storming", run("output cpus[cpu].doing"), "the string")
check_match("No trace frame found", run("tfind 1000"), "a frame past the last one")
live()

# Full, and circular: the last ones are kept.
run("passcount 0")
run("set trace-buffer-size 8192")
run("tstart")
go_on(100)
status("Trace stopped because the buffer was full")
block("actions", "collect cpu, n, storm_count[cpu], $regs")
run("set circular-trace-buffer on")
run("tstart")
go_on(100)
status("Trace buffer is circular")
run("tstop")
status(r"Buffer contains \d\d? trace frames \(of \d\d\d+ created")
last = counters()
found, count = hits()
for cpu in range(CPUS):
    kept = len(found[cpu])  # none, when the other one had all the time
    check(found[cpu] in ([*range(end - kept + 1, end + 1)] for end in (last[cpu], last[cpu] - 1)),
          f"CPU {cpu}: {found[cpu]} of {last[cpu]} calls")
live()
run("set circular-trace-buffer off")
run("set trace-buffer-size unlimited")

# Off and on again while it runs.
run("tstart")
go_on(20)
run("disable $tpnum")
first = counters()
go_on(100)
run("enable $tpnum")
second = counters()
go_on(20)
run("tstop")
found, _ = hits()
for cpu in range(CPUS):
    quiet = [n for n in found[cpu] if first[cpu] < n < second[cpu]]
    check(not quiet, f"CPU {cpu} was traced while that was off: {quiet}")
check(any(n > second[cpu] for cpu in range(CPUS) for n in found[cpu]), "it was traced again")
live()

# An expression that cannot be evaluated ends it and says why.
run("delete tracepoints")
run("trace storm_target if *(unsigned long *)(0xffff900000000000 + n)")
run("tstart")
go_on(20)
status("Trace stopped by an error")

# gdb leaves, the trace goes on, and another gdb takes it up with all that was defined.
run("delete tracepoints")
last = max(counters()) + 2000  # nobody empties the buffer meanwhile
run(f"trace storm_target if n % 5 == 0 && n < {last}")
block("actions", "collect cpu, n, storm_count[cpu], $regs")
run("set disconnected-tracing on")
run("tvariable $left = 3")
run("tstart why else")
first = counters()
run("detach")
run("delete tracepoints")
run("delete tvariable")
run(f"target remote {TARGET}")
status("Trace is running")
text = run("info tracepoints")
check_match("trace only if n % 5 == 0", text, "the condition")
check_match(r"collect cpu, n, storm_count\[cpu\], \$regs", text, "the actions")
check_match(r"\$left +3", run("info tvariables"), "the variable")
go_on(20)
run("tstop")
sure = expected(first, lambda n: n % 5 == 0 and n < last)
found, _ = hits()
compare(found, sure)
live()

# Without that it ends with the session.
run("set disconnected-tracing off")
run("tstart")
run("detach")
run(f"target remote {TARGET}")
status("Trace stopped because of disconnection")
run("delete")
run("kill")

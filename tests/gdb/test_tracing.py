# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: demo -S
# symbols: demo.elf
"""The session about tracepoints that docs/gdb.md shows: each run of one task of a scheduler."""
from session import block, check, connect, run, value

connect()
run("trace task_run if task->sleep == 5")
block("actions", "collect *task, cpu->id", "collect/s task->name", "collect $regs, $trace_timestamp")
run("passcount 5")
run("tstart")
run("tbreak clock_tick if ticks == 100")
run("continue")
run("tstatus")
run("info tracepoints")
run("tfind start")
run("print *task")
run("print ticks")
block("while $trace_frame != -1",
      'printf "%ld us: %s on CPU %d, run %ld\\n", $trace_timestamp, task->name, cpu->id, task->counter',
      "tfind")
run("print ticks")
check(value("ticks") >= 99, "the guest went on")
run("detach")

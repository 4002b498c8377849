# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @demo.elf -append mode=triple -m 64 -S
# symbols: demo.elf
"""A triple fault stops with the state of the instruction that caused it."""
import gdb
from session import address, check_equal, connect, pc, run

connect()
run("continue")
check_equal(pc(), address("triple_fault_here"), "stopped at")
run("backtrace")
run("kill")

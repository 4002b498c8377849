# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @edu.elf -device edu -append stay -m 64 -S
# symbols: edu.elf
"""Stops when a driver touches a register of a device, when that interrupts, and traces of both."""
import json
import os
import pathlib
import re
import tempfile

import gdb
from session import check, check_equal, check_match, connect, run, value


def monitor(line, pattern):
    said = run(f"monitor {line}")
    check_match(pattern, said, line)
    return said


def go(pattern):
    """Continues to a stop that the monitor tells with these words."""
    run("continue")
    monitor("info status", pattern)


connect()
run("tbreak compute")
run("continue")
monitor("trace device edu0 on", "^$")

# A driver's register, stepped to its readl: the value changes in between.
monitor("watch device edu0.factorial", r"^breakpoint \d+: edu0.factorial is read or written$")
go(r"device breakpoint \d+, vCPU 0 at 0x\w+ <compute\+0x\w+> \(edu0\.factorial <- 0x0000000a\)")
check_equal(gdb.selected_frame().name(), "compute", "where the driver writes it")
go(r"\(edu0\.factorial -> 0x00375f00\)")
check_equal(gdb.selected_frame().name(), "compute", "where the driver reads it")
check(0x375f00 in (value(f"${r}") & 0xffffffff for r in ("rax", "rcx", "rdx", "rbx")), "readl has its value")
monitor("info breakpoints", r"^\d+ +device - +- +2 +gdb's monitor +edu0.factorial is read or written$")
monitor("delete all", "deleted")

# A step over the access stops for it, too, behind the same instruction.
monitor("watch device edu0.irq_raise w if value & 0x10 == 0x10", "if value & 0x10 == 0x10")
go(r"\(edu0\.irq_raise <- 0x00000010\)")
monitor("delete all", "^1 deleted$")
monitor("break irq edu0", r"^breakpoint \d+: edu0 interrupts$")
go(r"device breakpoint \d+.*\(edu0: interrupt 11 up\)")
go(r"\(edu0: message 0x\w+ to 0xfee00000\)")
monitor("delete all", "^1 deleted$")

# The other client's breakpoints are listed; a wrong one is refused.
monitor("watch device edu0.nothing", "edu0 has no such register")
monitor("watch device edu0.id if value & 1 == 2", "error: value & 0x1 is never 0x2")

# What was traced, as text and as a timeline.
said = monitor("trace device edu0 show 200", r"vcpu0 0x\w+ <compute\+0x\w+> +edu0\.factorial <- 0x0000000a$")
check_match(r"- +edu0: interrupt 11 up", said, "a timer of the device's own")
with tempfile.TemporaryDirectory() as place:
    path = pathlib.Path(place, "edu.json")
    os.chmod(place, 0o777)
    monitor(f"trace save {path}", r"^\d+ events written to ")
    events = json.loads(path.read_text())["traceEvents"]
stamps = [e["ts"] for e in events if e["ph"] != "M"]
check(stamps == sorted(stamps) and len(stamps) > 20, "in order of time")
names = [e["name"] for e in events]
first = names.index("edu0.factorial <- 0x0000000a")
check_equal(events[first]["args"]["vcpu"], 0, "the vCPU of an access")
check(re.fullmatch("0x[0-9a-f]+", events[first]["args"]["pc"]), "and its pc")
check_match(r"^compute\+0x", events[first]["args"]["symbol"], "and what that is")
check("edu0.factorial -> 0x00375f00" in names[first:], "the result comes later")
lines = [e["ph"] for e in events if "interrupt 11" in e["name"]]
check_equal(lines[:2], ["B", "E"], "the line goes up and down")
run("detach")

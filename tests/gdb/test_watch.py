# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @memop.elf -append "calls=2 adds=2" -m 64 -S
# symbols: memop.elf
# exit: 1
"""A watchpoint stops behind each kind of store to the variable, and behind nothing else."""
import gdb
from session import check, connect, pc, run, value


def memops():
    first, end = (value(f"&{name}") for name in ("memops", "memops_end"))
    size = value("sizeof(struct memop)")
    for address in range(first, end, size):
        op = f"((struct memop *){address:#x})"
        name = gdb.parse_and_eval(f"{op}->name").string()
        yield name, value(f"{op}->insn"), value(f"{op}->done"), value(f"{op}->writes")


connect()
run("break cpu_main")
run("continue")
run("delete")
ops = list(memops())
run("watch watched")
hit = set()
while True:
    gdb.execute("continue", to_string=True)
    here = pc()
    found = [name for name, insn, done, writes in ops if writes and insn <= here <= done]
    if not found:
        break
    hit.update(found)
# The first store that is no access of the table: the common part begins with watched = 0.
run("info symbol $pc")
check("add_together" in gdb.execute("info symbol $pc", to_string=True), f"stopped at {here:#x}")
missing = {name for name, _, _, writes in ops if writes} - hit
check(not missing, f"no stop behind {', '.join(sorted(missing))}")
run("delete")
run("detach")

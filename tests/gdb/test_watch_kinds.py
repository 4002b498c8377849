# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @memop.elf -append "calls=8 adds=2" -m 64 -S
# symbols: memop.elf
# exit: 1
"""Read and access watchpoints stop behind each access of their kind, on one page and across two."""
import gdb
from session import check, connect, pc, run, value


def memops():
    first, end = (value(f"&{name}") for name in ("memops", "memops_end"))
    size = value("sizeof(struct memop)")
    for at in range(first, end, size):
        op = f"((struct memop *){at:#x})"
        name = gdb.parse_and_eval(f"{op}->name").string()
        yield name, *(value(f"{op}->{field}") for field in ("insn", "done", "reads", "writes"))


connect()
run("break cpu_main")
run("continue")
run("delete")
ops = list(memops())
run("break add_together")
run("continue")
for variable in ("watched", "straddle"):
    for command in ("rwatch", "awatch", "watch"):
        run(f"{command} {variable}")
        hit = set()
        stops = 0
        while True:
            gdb.execute("continue", to_string=True)
            if gdb.execute("info symbol $pc", to_string=True).startswith("add_together in"):
                break
            stops += 1
            here = pc()
            hit.update(name for name, insn, done, _, _ in ops if insn <= here <= done)
        # gdb itself drops a read that comes with a change.
        expected = {name for name, _, _, reads, writes in ops
                    if {"watch": writes, "rwatch": reads and not writes,
                        "awatch": reads or writes}[command]}
        print(f"{command} {variable}: {stops} stops, behind {len(hit)} accesses", flush=True)
        check(not expected - hit, f"{command}: no stop behind {', '.join(sorted(expected - hit))}")
        wrong = hit & {"near_before", "near_after"}
        check(not wrong, f"{command}: a stop behind {', '.join(sorted(wrong))}")
        run(f"delete {gdb.breakpoints()[-1].number}")
run("delete")
run("detach")

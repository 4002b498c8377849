# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps around the circle of the steps guest and compares with its oracle."""
import gdb
from session import PLACE, check, check_equal, connect, pc, run, value

ROUNDS = 2
# Flags of tests/guests/steps/steps.h
REPEAT = 2
REASONS = 1 | REPEAT | 4 | 8
STI = 16
EXTRA = 32
LEAKS = ["pushf", "shadow", "syscall", "compat"]
if PLACE != "svm":
    # A step of INT ends at the handler by a debug register, of which that place has none.
    LEAKS.append("int")


def table(name, count):
    return [value(f"{name}[{i}]") for i in range(count)]


def step():
    gdb.execute("stepi", to_string=True)
    return pc()


def check_steps(plain):
    """@plain: the guest was started so."""
    hidden = REASONS | (EXTRA if plain else 0) | (STI if PLACE == "svm" else 0)
    connect()
    count = value("step_oracle_count")
    oracle = table("step_oracle", count)
    flags = table("step_oracle_flags", count)

    # From wherever the guest was stopped to an address that is in the circle once.
    here = pc()
    for _ in range(3000):
        if oracle.count(here) == 1:
            break
        here = step()
    check(oracle.count(here) == 1, f"{here:#x} is nowhere in the circle")

    at = oracle.index(here)
    skipped = 0
    for _ in range(ROUNDS * count):
        before, here = here, step()
        at += 1
        if here == before and flags[(at - 1) % count] & REPEAT:
            at -= 1  # KVM's string output looks once more at an instruction that is done
        while oracle[at % count] != here and flags[at % count] & hidden:
            at += 1
            skipped += 1
        check_equal(here, oracle[at % count], f"after a step from {before:#x}")

    print(f"{ROUNDS * count} steps, {skipped} not shown for a reason")
    for leak in LEAKS:
        check_equal(value(f"tf_leak_{leak}"), 0, f"the guest saw the trap flag: {leak}")
    check_equal(value("dr6_leaks"), 0, "the guest saw DR6.BS")
    check_equal(value("step_errors"), 0, "step_errors")
    run("p timer_ticks")
    run("detach")

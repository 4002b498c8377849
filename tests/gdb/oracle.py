# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps around the circle of the steps guest and compares with its oracle."""
import gdb
from session import PLACE, check, check_equal, connect, pc, run, value

# A rig does a few dozen a second over its serial line.
STEPS = 10000 if PLACE == "native" else 350
TF = 1 << 8
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


def through_handler(circle):
    """gdb stands in an interrupt's handler: steps to its end."""
    # The stub of a vector begins with a push; where the processor's emulation keeps the trap flag in
    # a handler, the step ends behind that.
    pushed = 8 if pc() % 16 else 0
    check_equal(value(f"*(unsigned long *) ($sp + {8 + pushed})"), value("$cs"), "the frame's cs")
    check_equal(value(f"*(unsigned long *) ($sp + {16 + pushed})") & TF, 0,
                "the trap flag in the interrupt's frame")
    for _ in range(5000):
        here = step()
        if here in circle:
            return here
    raise AssertionError(f"the handler does not end: {here:#x}")


def check_steps(plain, interrupts=False):
    """@plain: the guest was started so. @interrupts: they come between steps, and are followed."""
    hidden = REASONS | (EXTRA if plain else 0) | (STI if PLACE == "svm" else 0)
    connect()
    count = value("step_oracle_count")
    oracle = table("step_oracle", count)
    flags = table("step_oracle_flags", count)
    circle = set(oracle)
    handled = 0
    if interrupts:
        run("monitor set step-irq on")

    # From wherever the guest was stopped to an address that is in the circle once.
    here = pc()
    for _ in range(3000):
        if oracle.count(here) == 1:
            break
        here = step()
    check(oracle.count(here) == 1, f"{here:#x} is nowhere in the circle")

    at = oracle.index(here)
    skipped = 0
    # A handler is some two hundred instructions.
    steps = STEPS // 50 if interrupts else STEPS
    for _ in range(steps):
        before, here = here, step()
        if interrupts and here not in circle:
            here = through_handler(circle)
            handled += 1
            if here == before:
                at -= 1  # it was interrupted before the instruction was executed
        at += 1
        if here == before and flags[(at - 1) % count] & REPEAT:
            at -= 1  # KVM's string output looks once more at an instruction that is done
        while oracle[at % count] != here and flags[at % count] & hidden:
            at += 1
            skipped += 1
        check_equal(here, oracle[at % count], f"after a step from {before:#x}")

    print(f"{steps} steps, {skipped} not shown for a reason, {handled} interrupts")
    check_equal(bool(handled), interrupts, "interrupts")
    for leak in LEAKS:
        check_equal(value(f"tf_leak_{leak}"), 0, f"the guest saw the trap flag: {leak}")
    check_equal(value("dr6_leaks"), 0, "the guest saw DR6.BS")
    check_equal(value("step_errors"), 0, "step_errors")
    run("p timer_ticks")
    run("detach")

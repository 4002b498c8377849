# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @demo.elf -append "hz=1000" -smp 2 -m 64 -S
# symbols: demo.elf
# after: tick
"""next, step, until, advance and finish through calls, a recursion and a fast timer's interrupts."""
import gdb
from session import check, check_equal, connect, function, run, value


def depth():
    """How many calls of the recursion are on the stack."""
    frame, n = gdb.newest_frame(), 0
    while frame:
        n += frame.name() == "fibonacci"
        frame = frame.older()
    return n


connect()
run("break fibonacci")
run("continue")
check_equal(function(), "fibonacci", "stopped in")
check_equal(value("n"), 7, "argument")
cpu = gdb.selected_thread().num
run("backtrace")

# Into the recursion, and out of two levels.
for level in (6, 5):
    run("continue")
    check_equal(value("n"), level, "argument")
check_equal(depth(), 3, "calls on the stack")
run("delete")
for level in (2, 1):
    run("finish")
    check_equal((function(), depth()), ("fibonacci", level), "came back to")
check_equal(value("n"), 7, "the outermost call's argument")

# Over the other half of the sum, which calls itself many times, to the end of the function.
for _ in range(10):
    run("next")
    check_equal(gdb.selected_thread().num, cpu, "thread")
    if depth() == 0:
        break
    check_equal(depth(), 1, "calls on the stack after next")
check_equal(depth(), 0, "it has returned")
caller = function()
run("info locals")

# To a place and past a loop.
run("advance put_to_sleep")
check_equal(function(), "put_to_sleep", "advance")
run("until")
run("step")
check(function() in ("put_to_sleep", "spin_lock", "irq_save"), f"step: {function()}")
run("tbreak pick_task")
run("continue")
check_equal(function(), "pick_task", "stopped in")
where = gdb.newest_frame().older().name()
for _ in range(300):
    run("until")
    if function() != "pick_task":
        break
check_equal(function(), where, "until leaves the loop, and the function")
run("detach")

# SPDX-License-Identifier: GPL-3.0-or-later
"""
What `make demo` does in gdb: a debugging session that explains itself.

Run inside gdb, which has loaded the demo guest's symbols:

    gdb -nx -batch -ex 'python target = "/path/of/gdb.sock"' -x demo_session.py demo.elf

Each step is checked as well as shown: the session fails when the debugger does
not do what the text says. Nothing here is special to vitrine but `monitor`.
"""

import gdb

WIDTH = 78


def fail(why):
    print(f"\ndemo: {why}", flush=True)
    gdb.execute("quit 1")


def chapter(title, *text):
    print(f"\n\033[1m== {title}\033[0m")
    for line in text:
        print(f"   {line}")
    print(flush=True)


def run(command, lines=12):
    """Executes a gdb command the way a person would, and returns what gdb said."""
    print(f"(gdb) {command}", flush=True)
    said = gdb.execute(command, to_string=True)
    shown = [line.rstrip() for line in said.splitlines() if line.strip()]
    for line in shown[:lines]:
        print(f"      {line[:WIDTH * 2]}")
    if len(shown) > lines:
        print(f"      ... {len(shown) - lines} more lines")
    print(end="", flush=True)
    return said


def expect(condition, why):
    if not condition:
        fail(why)


def value(expression):
    return int(gdb.parse_and_eval(expression))


def here():
    return gdb.newest_frame().name()


def expect_in(function):
    expect(here() == function, f"stopped in {here()}, not in {function}")


def first_instruction():
    chapter(
        "The first instruction",
        "vitrine was started with -S: nothing has run yet. The guest is in 32-bit",
        "mode and paging is off. kernel_main is linked at 0xffffffff8010...: an",
        "address that nothing is mapped at. A plain breakpoint works all the same.",
    )
    run("p $pc")
    run("x/3i $pc")
    run("break kernel_main")
    run("continue")
    expect_in("kernel_main")
    run("backtrace")
    run("delete")


def stepping():
    chapter(
        "Steps",
        "The guest's tasks run on all of its CPUs. One of them counts primes; we",
        "stop in it, wherever that is, and step. The timer interrupts each CPU a",
        "hundred times a second; a step never ends up in the interrupt.",
    )
    run("break is_prime if n > 20")
    run("continue")
    expect_in("is_prime")
    run("backtrace")
    run("delete")
    before = value("$pc")
    run("x/4i $pc")
    run("stepi")
    run("stepi")
    expect(value("$pc") != before, "two steps went nowhere")
    expect_in("is_prime")
    run("finish")
    expect_in("count_primes")
    run("p *task")


def processors():
    chapter(
        "All CPUs",
        "Each vCPU is a thread of gdb's. They stop together.",
    )
    count = len(gdb.selected_inferior().threads())
    expect(count >= 2, f"{count} thread(s), not two")
    run("info threads")
    run("thread apply all backtrace -frame-arguments none 3", lines=20)
    for cpu in range(2):
        run(f"p cpus[{cpu}]")
        expect(value(f"cpus[{cpu}].online") == 1, f"CPU {cpu} is not up")


def watching():
    chapter(
        "A watchpoint",
        "heartbeat is written at each tick of the clock. The backtrace leads out of",
        "the interrupt's handler into the code that was interrupted.",
    )
    run("watch heartbeat")
    before = value("heartbeat")
    run("continue")
    expect(value("heartbeat") == before + 1, "the watchpoint was not hit at the next beat")
    expect_in("beat")
    run("backtrace")
    run("delete")


def monitoring():
    chapter(
        "The monitor",
        "vitrine's own console, here through gdb's `monitor`. It and gdb see the same",
        "machine: it lists the breakpoint that gdb has set.",
    )
    run("set breakpoint always-inserted on")
    run("break schedule")
    run("continue")
    expect_in("schedule")
    run("monitor info status")
    run("monitor info cpus")
    listed = run("monitor info breakpoints")
    expect(f"{value('&schedule'):x}" in listed, "the monitor does not list gdb's breakpoint")
    run("monitor info registers", lines=8)
    run("delete")
    run("set breakpoint always-inserted off")


def leaving():
    chapter(
        "Leaving",
        "gdb detaches. No breakpoint stays behind; the guest goes on as if nothing",
        "had been, and reports once a second:",
    )
    run("detach")


def session():
    for setting in ("pagination off", "confirm off", "print frame-arguments all", "width 0"):
        gdb.execute(f"set {setting}")
    run(f"target remote {target}")  # noqa: F821: set on gdb's command line
    for part in (first_instruction, stepping, processors, watching, monitoring, leaving):
        part()


try:
    session()
except gdb.error as e:
    fail(f"gdb says: {e}")

# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""gdb's non-stop mode: one vCPU is stopped, stepped and interrupted while the others run."""
import re
import time

from gdbmi import Gdb
from packages import BUILD
from process import PATIENCE

GUEST = BUILD / "guests" / "demo.elf"
ALL = (1, 2, 3)


def _others_run(gdb, thread):
    """The timer's ticks of CPUs 1 and 2, counted by @thread's stops, which are those of CPU 0."""
    before = [gdb.value(f"cpus[{n}].ticks", thread) for n in (1, 2)]
    for _ in range(200):
        gdb.do(f"-exec-continue --thread {thread}")
        stop = gdb.wait_stopped(thread)
        assert 'func="beat"' in stop, stop
        now = [gdb.value(f"cpus[{n}].ticks", thread) for n in (1, 2)]
        if all(n > b for n, b in zip(now, before)):
            return
    raise AssertionError(f"the others stand still: {before}, {now}")


def _session(place, vitrine):
    vitrine.expect("tick")
    gdb = Gdb("set non-stop on", "set mi-async on", f"file {GUEST}",
              f"target remote {place.gdb_target()}")
    try:
        gdb.wait_stopped(*ALL)
        gdb.do("-break-insert beat")
        for thread in (2, 3):
            gdb.do(f"-exec-continue --thread {thread}")
        for _ in range(3):
            _others_run(gdb, 1)
        assert gdb.running == {1: False, 2: True, 3: True}, gdb.running

        for _ in range(30):
            before = gdb.value("$pc", 1)
            gdb.do("-exec-step-instruction --thread 1")
            gdb.wait_stopped(1)
            assert gdb.value("$pc", 1) != before, f"a step from {before:#x} went nowhere"
        for _ in range(5):
            gdb.do("-exec-next --thread 1")
            gdb.wait_stopped(1)

        # One of the others is stopped, looked at, stepped, and let go.
        gdb.do("-exec-interrupt --thread 3")
        stop = gdb.wait_stopped(3)
        assert 'thread-id="3"' in stop, stop
        assert gdb.running == {1: False, 2: True, 3: False}, gdb.running
        at = gdb.value("$pc", 3)
        gdb.do("-exec-continue --thread 1")
        gdb.wait_stopped(1)
        assert gdb.value("$pc", 3) == at, "it moved"
        gdb.do("-exec-step-instruction --thread 3")
        gdb.wait_stopped(3)
        gdb.do("-exec-continue --thread 3")
        _others_run(gdb, 1)

        # All of them, and all go on; a monitor's view of it.
        gdb.do("-exec-interrupt --all")
        gdb.wait_stopped(*ALL)
        gdb.do("monitor info status")
        assert any("VM status: paused" in line for line in gdb.log[-20:]), gdb.log[-20:]
        gdb.do("-break-delete")
        gdb.do("-exec-continue --all")
        gdb.do("monitor info status")
        assert any("VM status: running" in line for line in gdb.log[-20:]), gdb.log[-20:]
        gdb.do("-exec-interrupt --thread 2")
        gdb.wait_stopped(2)
        gdb.do("detach")
    finally:
        text = "\n".join(gdb.log)
        gdb.close()
    # What gdb left standing goes on.
    ticks = r"cpu1: (\d+) ticks"
    seen = len(vitrine.output)
    first = int(vitrine.expect(ticks, after=seen)[1])
    end = time.monotonic() + PATIENCE
    while int(re.findall(ticks, vitrine.text)[-1]) <= first:
        assert time.monotonic() < end, vitrine.tail
        vitrine.expect(ticks, after=len(vitrine.output))
    return text


def test_nonstop(place):
    vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-smp", 3])
    try:
        return _session(place, vitrine)
    finally:
        vitrine.kill(15)
        vitrine.wait()

# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""gdb's non-stop mode: one vCPU is stopped, stepped, interrupted, and the monitor asked while the others run."""
import re
import time

from gdbmi import Gdb
from packages import BUILD
from process import PATIENCE

GUEST = BUILD / "guests" / "demo.elf"
ALL = (1, 2, 3)
STOPS = 20
CODE = 0x100000  # where the guest was loaded


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


def _said(gdb, command):
    """What the monitor says to @command, in lines."""
    before = len(gdb.log)
    gdb.do(f"monitor {command}")
    said = "".join(m[1] for line in gdb.log[before:] if (m := re.match(r'@"(.*)"$', line)))
    return said.split("\\n")[:-1]


def _monitor_session(place, vitrine):
    vitrine.expect("tick", 300)
    gdb = Gdb("set non-stop on", "set mi-async on", f"file {GUEST}",
              f"target remote {place.gdb_target()}")
    try:
        gdb.wait_stopped(*ALL)
        gdb.do("-break-insert beat")
        for thread in ALL:
            gdb.do(f"-exec-continue --thread {thread}")
        # Stops of CPU 0 are told in between what the monitor says, and nothing of either is lost.
        for n in range(STOPS):
            dump = _said(gdb, f"xp/4096x {CODE:#x}")
            assert [line.split(":")[0] for line in dump] == [f"0x{CODE + 16 * i:016x}" for i in range(1024)]
            # gdb stops all of them for a moment to step one over its breakpoint.
            assert any("running" in _said(gdb, "info status")[0] for _ in range(1000)), gdb.log[-6:]
            assert 'func="beat"' in gdb.wait_stopped(1)
            if n == STOPS - 1:
                gdb.do("-break-delete")
            gdb.do("-exec-continue --thread 1")
        # A command that stops all is told as any other stop.
        assert "running" in _said(gdb, "info status")[0], gdb.log[-6:]
        _said(gdb, "stop")
        gdb.wait_stopped(*ALL)
        assert "paused" in _said(gdb, "info status")[0]
        gdb.do("detach")
    finally:
        gdb.close()


def test_monitor_while_running(place):
    vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-smp", 3])
    try:
        return _monitor_session(place, vitrine)
    finally:
        vitrine.kill(15)
        vitrine.wait()

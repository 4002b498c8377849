# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx svm native
"""The monitor makes a guest run and stop: conditions of breakpoints, and what follows a stop."""
import re

from suites import Skip
from test_monitor import PROMPT, Session, check


def needs_breakpoints(place):
    if place.name == "svm":
        raise Skip("QEMU's interpreter has no breakpoints")


def stop_at(m, bp):
    return m("cont", then=rf"(?s)stopped: breakpoint {bp}, .*{PROMPT}")


def test_conditions(place):
    needs_breakpoints(place)
    m = Session(place, "-S")
    check("temporary breakpoint 1", m("tbreak beat if u64(heartbeat) == 5"))
    stop_at(m, 1)
    assert m.number("u64(heartbeat)") == 5
    check("no breakpoints", m("info breakpoints"))
    m("break beat if u64(heartbeat) % 4 == 0")
    for expected in (8, 12):
        stop_at(m, 2)
        assert m.number("u64(heartbeat)") == expected
    asked = int(re.search(r"condition \(asked (\d+) times\)", m("info breakpoints"))[1])
    assert asked >= 7, asked
    m("ignore 2 2")
    stop_at(m, 2)
    assert m.number("u64(heartbeat)") == 24
    m("condition 2")
    stop_at(m, 2)
    assert m.number("u64(heartbeat)") == 25
    m("condition 2 u8(1 << 40)")
    check("cannot be evaluated: memory at 0x10000000000 cannot", stop_at(m, 2))
    m.quit()

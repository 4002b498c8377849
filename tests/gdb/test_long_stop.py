# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm vmx
# needs: processor
# vitrine: -kernel @linux -initrd @initrd -append "%linux vitrine.stay watchdog_thresh=4 rcupdate.rcu_cpu_stall_timeout=4" -smp 2 -m 256 -serial stdio -monitor none
# symbols: linux
# wait: tick 0*2
# after: tick
# timeout: 1800
"""A stop of half a minute: several times what Linux's lockup detectors wait, which must not notice it."""
import re
import time

from session import CONSOLE, check, connect, run

# Soft lockup: twice watchdog_thresh. RCU stall: rcu_cpu_stall_timeout.
STOP_SECONDS = 30
COMPLAINTS = r"soft lockup|hard LOCKUP|rcu.*stall|hung_task|blocked for more than|Clocksource.*unstable"
# Tenths of a second that the guest then runs: the detectors have looked by then.
TICKS_AFTER = 120


def console():
    with open(CONSOLE, encoding="utf-8", errors="replace") as f:
        return f.read()


def ticks():
    return int((re.findall(r"tick (\d+)", console()) or ["0"])[-1])


connect()
run("info registers rip")
time.sleep(STOP_SECONDS)
before = ticks()
run("detach")
end = time.monotonic() + 1500
while ticks() < before + TICKS_AFTER and time.monotonic() < end:
    time.sleep(1)
check(ticks() >= before + TICKS_AFTER, f"the guest did not go on: tick {ticks()}, {before} at the stop")
found = re.search(COMPLAINTS, console(), re.I)
check(not found, f"the guest noticed the stop: {found and found[0]!r}")

# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""Steps while every debug register is taken, by several monitors, of a guest with many interrupts.

A step into an interrupt then has no breakpoint to stop it at the handler's first instruction. A trap flag
that it left behind in the handler's frame would be a #DB for the guest.
"""
import random
import threading

from together import Console

_MONITORS = 3
_COMMANDS = 5000  # of each
_UNUSED = 0x200000


def _work(console, seed, wrong):
    rng = random.Random(seed)
    try:
        for _ in range(_COMMANDS):
            console.say(rng.choice(("stop", "cont", "cont", "step")))
    except Exception as e:  # this is a thread: the test tells
        wrong.append(f"{type(e).__name__}: {e}")


def test_guest_gets_no_trap_of_ours(place):
    monitor = place.socket_path()
    vitrine = place.start(["-kernel", "@demo.elf", "-append", "mode=storm hz=1000", "-smp", 4, "-m", 64, "-serial",
                           "stdio", "-monitor", f"unix:{monitor}"])
    vitrine.expect("CPUs:")
    consoles = [Console(n, place.reach(monitor)) for n in range(_MONITORS)]
    for n in range(4):
        said = consoles[0].say(f"hbreak {_UNUSED + 16 * n:#x}")
        assert f"breakpoint {n + 1} " in said, said
    wrong = []
    threads = [threading.Thread(target=_work, args=(c, n, wrong), daemon=True) for n, c in enumerate(consoles)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    assert "exception" not in vitrine.text, vitrine.tail
    vitrine.kill(15)
    assert vitrine.wait() == 0, vitrine.tail

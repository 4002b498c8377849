# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx svm native
"""A debugger that comes and goes a thousand times, pauses a thousand times, and is killed (rsp_stress.c)."""
import re
import subprocess

from packages import BUILD
from suites import Failure, Skip

GUEST = BUILD / "guests" / "demo.elf"


def symbols(*names):
    """The addresses of the demo guest's symbols, in hex."""
    out = subprocess.run(["nm", GUEST], check=True, stdout=subprocess.PIPE, text=True).stdout
    table = {m[2]: m[1] for m in re.finditer(r"^([0-9a-f]+) \w (\S+)$", out, re.M)}
    return [table[name] for name in names]


def stress(place, append, mode, *args, vcpus=4, timeout=1200):
    socket = place.socket_path()
    vitrine = place.start(["-kernel", "@demo.elf", "-append", append, "-smp", vcpus, "-m", 64,
                           "-serial", "stdio", "-monitor", "none", "-gdb", f"unix:{socket}"], gdb=False)
    try:
        vitrine.expect("CPUs:")
        done = place.run(" ".join(map(str, ["rsp_stress", mode, socket, *args])), timeout=timeout)
        if done.wait() != 0:
            raise Failure(f"rsp_stress ended with {done.wait()}:\n{done.output}")
        return done.text.strip()
    finally:
        vitrine.kill()
        vitrine.wait()


def size(place):
    """How often, and on how many vCPUs. Bochs has one processor, and is slow."""
    return (100, 4) if place.name == "vmx" else (1000, 4)


def test_attach_detach(place):
    times, vcpus = size(place)
    return stress(place, "mode=spin", "attach", times, *symbols("spin_count"), vcpus=vcpus)


def test_pause_resume(place):
    times, vcpus = size(place)
    return stress(place, "mode=spin", "pause", times, *symbols("spin_count"), vcpus=vcpus)


def test_killed_debugger(place):
    if place.name == "svm":
        raise Skip("this emulator reports no breakpoints (vitrine check)")
    return stress(place, "mode=storm", "kill", *symbols("storm_count", "storm_count", "storm_target", "schedule",
                                                        "pick_task", "task_run", "account_tick"),
                  vcpus=min(2, size(place)[1]))

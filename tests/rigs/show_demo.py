#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` on a machine without KVM: the same session, on an emulated Intel machine.

vitrine runs inside the vmx rig (see README.md), gdb runs here. Slower than the
real thing, and the same in everything else.
"""
import subprocess
import sys
import time

from packages import BUILD, ROOT, Missing
from place import Vmx

PATIENCE = 600


def say(text):
    print(f"\033[1m== {text}\033[0m", flush=True)


def session(place):
    words = ["demo", "-S", "-smp", "2", "-monitor", "none"]
    print(f"$ vitrine {' '.join(words)}", flush=True)
    vitrine = place.start(words)
    try:
        vitrine.expect(place.listening, PATIENCE)
        command = ["gdb", "-nx", "-batch", "-q", "-ex", "set remotetimeout 120",
                   "-ex", f"python target = {place.gdb_target()!r}",
                   "-x", str(ROOT / "hv" / "cli" / "demo_session.py"), str(BUILD / "guests" / "demo.elf")]
        if subprocess.run(command, timeout=PATIENCE, check=False).returncode:
            sys.exit(f"demo: the session in gdb failed\n{vitrine.tail}")
        after = len(vitrine.output)
        vitrine.expect(r"^tick .*\n.*^tick .*$", PATIENCE, after=after)
        for line in vitrine.output[after:].decode(errors="replace").splitlines():
            print(f"      {line}")
    finally:
        vitrine.kill(15)
        vitrine.wait(60)


def main():
    begin = time.monotonic()
    say("There is no /dev/kvm here: showing it on an emulated Intel machine, which boots for a minute or two")
    try:
        with Vmx() as place:
            session(place)
    except Missing as why:
        sys.exit(f"demo: no /dev/kvm, and the emulated machine cannot be had either: {why}")
    say(f"Done in {time.monotonic() - begin:.0f} seconds")


if __name__ == "__main__":
    main()

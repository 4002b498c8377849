#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: what vitrine is as fast as, beside QEMU's stub, the bare ioctls and gdb's own limit.

On this machine's KVM: a table of medians, all measured in turns on the same guest (rows.py). Where
there is none, how long a start takes on the emulated AMD machine: what an emulator prints says little
in milliseconds, but the ratio to a bare VM holds there too. A target that is missed fails nothing.
"""
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "rigs"))

from packages import Missing  # noqa: E402
from place import Native, Svm  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", 5))


def open_place():
    for kind in (Native, Svm):
        try:
            return kind()
        except Missing as why:
            print(f"{kind.name}: {why}", flush=True)
    sys.exit("bench: there is no place with KVM")


def start_and_memory(place):
    vitrine = "vitrine" if place.name != "native" else "build/vitrine"
    done = place.run(f"V=$(command -v {vitrine}); bench_start $V {place.file('flat64.bin')} "
                     f"{place.file('hlt.elf')}", timeout=600)
    print(done.output.decode(errors="replace"), end="", flush=True)
    return done.wait()


def compare():
    from rows import Samples, measure, table

    samples = Samples()
    for n in range(RUNS):
        print(f"run {n + 1} of {RUNS}", file=sys.stderr, flush=True)
        measure(samples)
    print(f"\nmedians of {RUNS} runs in turns; ceiling: the ioctls alone (ioctl.c), gdb with a stub that has nothing to do (canned.c)\n")
    print(table(samples))


def main():
    with open_place() as place:
        print(f"measured on: {place.name}", flush=True)
        status = start_and_memory(place)
        if place.name == "native":
            compare()
        sys.exit(status)


if __name__ == "__main__":
    main()

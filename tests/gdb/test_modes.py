# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# needs: processor
# vitrine: -kernel @modes.elf -m 64 -S
# symbols: modes.elf
# exit: 1
"""Breakpoints in every processor mode, set before the guest copies its code over them."""
import gdb
from session import address, check_equal, connect, pc, run

# In order of the trip; the CS base, where IP is not the address.
LANDMARKS = [("pvh32", 0), ("prot16", 0), ("real", 0), ("real_cs", 0x8000), ("prot32", 0),
             ("paged32", 0), ("pae", 0), ("compat32", 0), ("long", 0), ("long_high", 0)]
TRIPS = 3

connect()
for name, _ in LANDMARKS:
    run(f"break *&landmark_{name}")
for trip in range(TRIPS):
    for name, base in LANDMARKS:
        gdb.execute("continue", to_string=True)
        here = pc()
        wanted = address(f"landmark_{name}")
        if here != wanted:
            here += base
        check_equal(here, wanted, f"trip {trip + 1}, {name}")
run("delete")
run("detach")

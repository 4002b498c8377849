# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @modes.elf -m 64 -S
# symbols: modes.elf
"""16- and 32-bit code, seen by a gdb that was told another architecture; as far as every KVM runs it."""
import gdb
from session import address, check, check_equal, check_match, connect, pc, run, value

# In order of the trip: the CS base where IP is not the address, and how the code there reads.
LANDMARKS = [("pvh32", 0, "movw"), ("prot16", 0, "movw"), ("real", 0, "movw"),
             ("real_cs", 0x8000, "movw"), ("prot32", 0, "movw")]
ARCHITECTURES = ["i386", "i8086", "auto", "i386:x86-64"]

run("set architecture i386")
connect()
for name, _, _ in LANDMARKS:
    run(f"break *&landmark_{name}")
for n, (name, base, mnemonic) in enumerate(LANDMARKS):
    run("continue")
    # gdb shows registers as the processor has them; addresses are linear.
    here = pc()
    check_equal(value("$cs_base"), base, f"cs_base in {name}")
    check_equal(here + base, address(f"landmark_{name}"), name)
    run(f"set architecture {ARCHITECTURES[n % len(ARCHITECTURES)]}")
    check_equal(pc(), here, f"{name} after set architecture")
    # The monitor knows the mode: NOP, MOV of 16 bits, OR of 16 bits to `visited`.
    shown = run("monitor x/3i $pc")
    check_match(rf"=> 0x0*{here + base:x} <landmark_\w+>: +nop\n.*{mnemonic} +\${n}, %ax\n.*orw", shown, name)
    check_equal(bytes(gdb.selected_inferior().read_memory(here + base, 1)), b"\x90", "NOP")
    run("stepi")
    check_equal(pc(), here + 1, f"a step in {name}")
    check("rip" in run("info registers rip"), "registers")
run("delete")
run("kill")

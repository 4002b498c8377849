# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm
# vitrine: -kernel @demo.elf -append mode=spin -m 64 -S
# symbols: demo.elf
"""AVX, AVX-512 and protection keys: there as the guest's CPUID has them, and what is set in them stays."""
import gdb
from session import PLACE, check, check_equal, check_match, connect, run, value

# What KVM can give a guest there: kvm-pvm, QEMU's -cpu max.
HAS = {"native": [], "svm": ["avx", "pku"]}[PLACE]
# A register of each, an element that is set, and how a number for it is read back.
SET = {
    "avx": [("$ymm0.v4_int64[3]", 0x1122334455667788), ("$ymm15.v4_int64[0]", 7)],
    "avx512": [("$k1", 0xff00ff), ("$zmm0.v8_int64[7]", 0x55), ("$zmm31.v8_int64[0]", 0x66),
               ("$ymm16.v4_int64[3]", 0x77), ("$xmm17.v2_int64[1]", 0x88)],
    "pku": [("$pkru", 0x55555554)],
}

connect()
names = [r.name for r in gdb.selected_frame().architecture().registers()]
for feature, sets in SET.items():
    first = sets[0][0].split(".")[0].strip("$")
    check_equal(first in names, feature in HAS, f"{first} in the target description")
    if feature not in HAS:
        check_match("= void", run(f"p ${first}"), first)
        continue
    for where, new in sets:
        run(f"set {where} = {new:#x}")
    # The guest runs in between: KVM has them.
    run("stepi")
    run("maintenance flush register-cache")
    for where, new in sets:
        check_equal(value(where), new, where)
        run(f"p {where.split('.')[0]}")
if "avx" in HAS:
    # The low half is the SSE register.
    run("set $xmm0.v2_int64[0] = 0x99")
    check_equal(value("$ymm0.v4_int64[0]"), 0x99, "xmm0 in ymm0")
    check_equal(value("$ymm0.v4_int64[3]"), 0x1122334455667788, "the rest of it")
    check_match("^ymm0 ", run("info registers vector"), "info registers vector")
run("detach")

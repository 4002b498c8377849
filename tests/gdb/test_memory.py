# SPDX-License-Identifier: GPL-3.0-or-later
# find, compare-sections, physical addresses; no breakpoint of ours shows in any of them.
# places: native vmx
# vitrine: -kernel @demo.elf -m 32 -smp 2 -S
# symbols: demo.elf
# then: tick
import gdb

from session import address, check, check_equal, check_match, connect, run, value

HIGH = 0xffffffff80000000  # the demo guest's code: physical addresses plus this

connect()
run("hbreak cpu_main")
run("continue")

# What is in memory is what the file says, but for what the guest has written.
said = run("compare-sections .text")
check_match(r"Section \.text.*: matched\.", said, "compare-sections")

# An instruction planted in the middle of .text changes neither checksum nor what is found.
code = address("idle")
inferior = gdb.selected_inferior()
bytes_there = bytes(inferior.read_memory(code, 8))
run("set breakpoint always-inserted on")
# More of them than there are debug registers.
for name in ("debug_exit", "console_write", "panic", "apic_present", "fdt_walk", "idle"):
    run(f"break *{name}")
check_match(rf"0x{code:016x} .* in memory", run("monitor info breakpoints"), "planted")
check_equal(bytes(inferior.read_memory(code, 8)), bytes_there, "code under a breakpoint")
check_match("matched", run("compare-sections .text"), "compare-sections with a breakpoint")
pattern = ", ".join(f"(char){b}" for b in bytes_there)
check_match("1 pattern", run(f"find {code}, +64, {pattern}"), "find")
check(f"{code:#x}" not in run(f"find {code}, +64, (char)0xcc"), "a breakpoint is not found")
run("set remotetimeout 500")  # all memory, by an emulated processor
check_match("Pattern not found", run("find 0, 0xfffffffffffffffe, 0x7a5c11d2e0f4b396ll"), "find in all there is")

# Every address is in the memory map: what is not mapped is the guest's affair.
check_match("0x8000000000000000", run("info mem"), "the map")

virtual = value("*(unsigned long *)cpu_main")
run("maintenance packet Qqemu.PhyMemMode:1")
check_match('received: "1"', run("maintenance packet qqemu.PhyMemMode"), "the mode")
run("maintenance flush dcache")
check_equal(value(f"*(unsigned long *)({address('cpu_main')} - {HIGH})"), virtual, "by its physical address")
try:
    gdb.selected_inferior().read_memory(address("cpu_main"), 1)
    check(False, "a virtual address means nothing now")
except gdb.MemoryError:
    pass
run("maintenance packet Qqemu.PhyMemMode:0")
check_equal(value("*(unsigned long *)cpu_main"), virtual, "by its virtual address")

run("delete")
run("detach")

# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @demo.elf -append mode=spin -m 64 -S
# symbols: demo.elf
"""System registers: their names and bits, all of them written, and what is refused says why."""
import gdb
from session import check, check_equal, check_match, connect, run, value

connect()
run("break spin")
run("continue")
check_match(r"= \[ PE .*PG \]", run("p $cr0"), "cr0")
check_match(r"= \[ .*PAE .*\]", run("p $cr4"), "cr4")
check_match(r"= \[ .*LME LMA .*\]", run("p $efer"), "efer")
check_match(r"= \[ TYPE=11 S DPL=0 P L G \]", run("p $cs_attr"), "cs_attr")
check_match(r"= \[ TYPE=11 DPL=0 P ", run("p $tr_attr"), "tr_attr")
# gdb makes the groups of x86 itself: the system's registers are among the general ones.
system = run("info registers")
check_equal(run("info registers system"), "", "info registers system")
check_equal(run("info registers general"), system, "info registers general")
for group, first, last, other in (("float", "st0", "fop", "xmm0"), ("vector", "xmm0", "mxcsr", "st0")):
    text = run(f"info registers {group}")
    for name in (first, last):
        check_match(rf"^{name} ", text, f"info registers {group}")
    for name in (other, "rax", "cr0"):
        check(f"\n{name} " not in text, f"{name} in info registers {group}")
for name in ("cr0 cr2 cr3 cr4 cr8 efer gdtr_base gdtr_limit idtr_base idtr_limit ldtr ldtr_base ldtr_limit "
             "ldtr_attr tr tr_base tr_limit tr_attr apic_base dr0 dr3 dr6 dr7 cs_base cs_limit cs_attr "
             "k_gs_base star lstar cstar fmask sysenter_cs sysenter_esp sysenter_eip tsc pat misc_enable "
             "kvm_system_time kvm_wall_clock").split():
    check_match(rf"^{name} ", system, "info registers")
everything = run("info all-registers")
for name in ("rax", "rip", "eflags", "st7", "fctrl", "mxcsr", "xmm15", "fs_base", "lstar"):
    check_match(rf"^{name} ", everything, "info all-registers")


def reg(name):
    """As a number; gdb casts flags to their own size only."""
    if gdb.parse_and_eval(f"${name}").type.code == gdb.TYPE_CODE_FLAGS:
        return value(f"${name} | 0") & 0xffffffff
    return value(f"${name}")


def refused(assignment, pattern):
    try:
        run(f"set {assignment}")
    except gdb.error as e:
        print(e, flush=True)
        check_match(pattern, str(e), assignment)
        return
    check(False, f"{assignment} was not refused")


def can_be_set(name, new):
    old = reg(name)
    run(f"set ${name} = {new:#x}")
    run("maintenance flush register-cache")
    check_equal(reg(name), new, name)
    run(f"set ${name} = {old:#x}")
    run("maintenance flush register-cache")
    check_equal(reg(name), old, name)


cr0, cr3, cr4, efer = (reg(n) for n in ("cr0", "cr3", "cr4", "efer"))
for name, new in (("cr0", cr0 ^ 1 << 16), ("cr2", 0x1234), ("cr4", cr4 ^ 1 << 2), ("cr8", 5),
                  ("efer", efer ^ 1), ("gdtr_base", 0x5000), ("gdtr_limit", 0xff), ("idtr_base", 0x6000),
                  ("idtr_limit", 0x7ff), ("dr0", 0x1000), ("dr3", 0x2000), ("fs_base", 0x7000),
                  ("gs_base", 0xffffffff80001000), ("lstar", 0xffffffff80002000), ("cstar", 0x3000),
                  ("star", 0x18000800000000), ("fmask", 0x700), ("k_gs_base", 0x8000),
                  ("sysenter_cs", 0x10), ("sysenter_esp", 0x9000), ("sysenter_eip", 0xa000),
                  ("pat", 0x0007040600070406 ^ 0x0100), ("eflags", 0x246), ("mxcsr", 0x1fc0),
                  ("r15", 0x1122334455667788), ("es", 0x18), ("ldtr_limit", 0xfff)):
    can_be_set(name, new)
# Another root that maps the same: what the present one points to is not changed.
run(f"set $cr3 = {cr3 + 8:#x}")
run(f"set $cr3 = {cr3:#x}")
check_equal(value("ticks") >= 0, True, "memory is there again")

refused("$cr0 = 0x80000000", "cr0.PG needs cr0.PE")
refused("$cr0 = $cr0 & 0x7fffffff", "64-bit code cannot be without paging")
refused("$cr3 = 0x8000000000000000", "bits of this processor's physical addresses")
refused("$cr4 = $cr4 | 0x80000000", "bit 31 of cr4 is reserved")
refused("$cr4 = 0", "long mode needs cr4.PAE")
refused("$cr8 = 16", "bit 4 of cr8 is reserved")
refused("$efer = 0", "efer.LME cannot be changed while paging is on")
refused("$lstar = 0x800000000000", "0x800000000000 is not canonical")
refused("$fs_base = 0x800000000000", "is not canonical")
refused("$gdtr_base = 0x800000000000", "is not canonical")
refused("$rip = 0x800000000000", "is not canonical")
refused("$eflags = 8", "bit 3 of eflags is reserved")
if "xcr0" in [r.name for r in gdb.selected_frame().architecture().registers()]:
    refused("$xcr0 = 6", "xcr0.X87 is always set")
refused("$pat = 2", "entry 0 of pat: 2 is no memory type")
refused("$tr_attr = 0x100", "bit 8 of tr_attr is reserved")
check_equal([reg(n) for n in ("cr0", "cr3", "cr4", "efer")], [cr0, cr3, cr4, efer], "unchanged")
check_match("cannot set cr8: bit 4 of cr8 is reserved", run("monitor set cr8 16"), "the monitor says it too")
run("stepi")
run("delete")
run("detach")

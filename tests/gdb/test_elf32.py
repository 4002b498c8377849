# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @multiboot.elf -m 64 -monitor none -S
# symbols: multiboot.elf
"""A gdb with a 32-bit ELF, which makes it an i386 one, on a guest that stays in 32-bit code."""
from session import check_equal, check_match, connect, function, run, value

run("set architecture auto")
check_match(r'currently "i386"', run("show architecture"), "by the file")
connect()
run("break multiboot_main")
run("continue")
check_equal(function(), "multiboot_main", "stopped in")
check_match(r"^#0 .*multiboot_main", run("backtrace 1"), "backtrace")
check_match(r"^rip ", run("info registers"), "registers")
run("stepi")
run("stepi")
run("set $rbx = 0x12345678")
check_equal(value("$ebx"), 0x12345678, "ebx")
check_match(r"=> 0x0*10", run("monitor x/2i $pc"), "the monitor")
run("delete")
run("detach")

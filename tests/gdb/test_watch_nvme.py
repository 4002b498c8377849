# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @nvme.elf -drive file=@disk.bin,if=none,id=d,snapshot=on -device nvme,drive=d -m 64 -S
# symbols: nvme.elf
# exit: 1
"""An NVMe driver under a debugger: the register that it enables with, a doorbell, its data, a fault."""
import gdb
from session import check_equal, check_match, connect, run, typed, value

connect()
run("monitor trace device nvme0 on")
check_match(r"^breakpoint \d+: nvme0.CC is written$", run("monitor watch device nvme0.CC w"), "watch")
run("continue")
check_match(r"\(nvme0\.CC <- 0x00460001 \[EN CSS=0 MPS=0 AMS=0 SHN=none IOSQES=6 IOCQES=4\]\)",
            run("monitor info status"), "where the driver enables it")
check_equal(gdb.selected_frame().name(), "set", "in the function that writes registers")
run("monitor delete all")

# What the controller says of its namespace.
data = value("(long)&data") & 0xffffff
typed("watch data")
check_match(rf"^DMA of nvme0: 4096 bytes to physical {data:#x}$", run("continue"), "Identify")
run("delete")
check_match(rf"nvme0: 4096 bytes written to {data:#x}$", run("monitor trace device nvme0 show 50"), "the trace")

# The doorbell of the first I/O command says how far its queue goes.
run("monitor watch device nvme0.SQ1TDBL w")
run("continue")
check_match(r"\(nvme0\.SQ1TDBL <- 0x00000001\)", run("monitor info status"), "a doorbell")
check_match(r"submission queue 1: 4 entries at 0x\w+, head \d, tail 1, to completion queue 1",
            run("monitor info device nvme0"), "its queue")
run("monitor delete all")
run("continue")

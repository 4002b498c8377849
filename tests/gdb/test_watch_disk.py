# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @disk.elf -hda @disk.bin -snapshot -m 64 -S
# symbols: disk.elf
# exit: 1
"""A disk's DMA, from a thread of its own, hits watchpoints and `break dma`: buffers and rings."""
import gdb
from session import check_match, connect, run, typed, value

connect()
run("tbreak transfer")
run("continue")
data, ring = (value(f"&{name}") & 0xffffff for name in ("own.data", "queue.device.idx"))
typed("watch own.data")
check_match(rf"^DMA of disk0: 512 bytes to physical {data:#x}$", run("continue"), "a buffer")
run("delete")
run("monitor trace device disk0 on")
check_match(r"^breakpoint \d+: disk0 reads or writes memory at ", run(f"monitor break dma disk0 {ring:#x} 2"),
            "a range")
run("continue")
check_match(rf"\(disk0: 2 bytes written to {ring:#x}\)", run("monitor info status"), "the used index")
check_match(rf"disk0: 512 bytes read from {data:#x}$", run("monitor trace device disk0 show 50"), "a write")
# Its stop is the monitor's, after which a detach would leave the guest as it is.
run("monitor delete all")
run("continue")

# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# needs: processor
# vitrine: -kernel @linux -initrd @initrd -append "%linux" -smp 2 -m 256 -serial stdio -monitor none -no-reboot -S
# symbols: linux
# then: init reached
# exit: 0
# timeout: 1800
"""A stock kernel from its first instruction: break before it is mapped, step, finish, interrupt."""
import gdb

from session import (check, check_equal, check_match, connect,
                     continue_until_interrupted, function, pc, value)
from session import typed as run

START_OF_KERNEL_TEXT = 0xffffffff80000000

connect(run)
# The 64-bit entry of the boot protocol: 0x200 into the loaded image, paging on,
# nothing mapped but the identity.
check_equal(pc() & 0xfff, 0x200, "first instruction")
check(pc() < 1 << 32, "the guest has not run: it is at a physical address")
try:
    run("x/i start_kernel")
    check(False, "start_kernel can be read before it is mapped")
except gdb.MemoryError as e:
    print(e, flush=True)

run("break start_kernel")
run("continue")
check_equal(function(), "start_kernel", "stopped in")
check(pc() >= START_OF_KERNEL_TEXT, "running at the kernel's virtual address")
check_match(r"^rip +0xffffffff8", run("info registers"), "registers")
check_equal(len(run("x/5i $pc").splitlines()), 5, "instructions shown")
check_match(r"^#0 .* start_kernel", run("backtrace"), "backtrace")
run("delete")

for step in range(100):
    before = pc()
    # `rep` and a jump to itself stay where they are; nothing in this stretch does.
    run("stepi") if step < 4 else gdb.execute("stepi", to_string=True)
    check(pc() != before, f"step {step} from {before:#x} went nowhere")
    check(pc() >= START_OF_KERNEL_TEXT, f"step {step} from {before:#x} landed at {pc():#x}")
print(f"100 steps later in {function()}")

run("break early_security_init")
run("continue")
check_equal(function(), "early_security_init", "second breakpoint")
returns_to = value("*(unsigned long *)$rsp")
run("finish")
check_equal(pc(), returns_to, "finish")
check_equal(function(), "start_kernel", "finish came back to")
run("delete")

check_equal(continue_until_interrupted("never shown", limit=0.5), "SIGINT", "stopped by")
check(pc() != returns_to, "it ran")
run("info registers rip rsp")
check_match("paused by gdb", run("monitor info status"), "the monitor says")
run("detach")

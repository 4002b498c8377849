# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# needs: processor
# vitrine: -kernel @linux -initrd @driver -append "%linux" -device edu -m 256 -serial stdio -monitor none -S
# symbols: linux
# then: edu is gone
# exit: 0
# timeout: 1800
"""A driver of one's own (tests/modules/edu) in a stock Linux, from before its insmod to its rmmod."""
import gdb

import edu_module
from session import check_equal, check_match, connect, function, value
from session import typed as run

NAME, BASE = edu_module.offsets("name", "core_layout.base")

edu_module.enter()
gdb.execute("set breakpoint pending on")
connect(run)
# Before there is such a function; the kernel tells where it will be when it is about to call the module.
check_match("pending", run("break edu_probe"), "a function that is not there yet")
run("tbreak do_init_module")
run("continue")
check_equal(function(), "do_init_module", "stopped in")
check_match('"edu"', run(f"x/s $rdi + {NAME}"), "which module")
run(f"set $text = *(unsigned long *) ($rdi + {BASE})")
run("add-symbol-file edu.ko $text")
run("continue")
check_equal(gdb.selected_frame().name(), "edu_probe", "stopped in")
run("backtrace 2")
run("print/x pdev->device")
check_equal(value("pdev->device"), 0x11e8, "the device that it is for")

# The device stops the driver; steps go on from there, through a sleep until its interrupt.
run("monitor watch device edu0.factorial")
check_match(r"^edu0\.factorial <- 0x0000000a$", run("continue"), "the driver writes")
check_equal(gdb.selected_frame().name(), "edu_compute", "who writes")
run("print n")
run("next")
check_match(r"^edu0\.factorial -> 0x00375f00$", run("next"), "the driver reads")
run("next")
run("print edu->result")
check_equal(value("edu->result"), 3628800, "10!")
run("monitor delete all")
run("finish")
check_equal(int(gdb.history(0)), 0, "what it returns")
check_equal(gdb.selected_frame().name(), "edu_probe", "finish came back to")
check_match(r"<edu_probe\+\d+>", run("info registers"), "registers")

run("break edu_remove")
run("continue")
check_equal(gdb.selected_frame().name(), "edu_remove", "stopped in")
run("backtrace 2")
run("delete")
run("finish")
check_equal(function(), "pci_device_remove", "finish came back to")
run("detach")

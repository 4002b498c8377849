# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm
# needs: processor
# vitrine: -kernel @linux -initrd @driver -append "%linux" -device edu -m 256 -serial stdio -monitor none -S
# symbols: linux
# then: edu is gone
# exit: 0
# timeout: 1800
"""A driver that is loaded already is found in the kernel's list; with steps and device stops alone, no breakpoint."""
import gdb

import edu_module
from session import check_equal, check_match, connect, value
from session import typed as run

LIST, NAME, BASE = edu_module.offsets("list", "name", "core_layout.base")

edu_module.enter()
connect(run)
run("monitor watch device edu0.factorial")
check_match(r"edu0\.factorial <- 0x0000000a", run("continue"), "the driver writes")

run(f"set $module = *(unsigned long *) &modules - {LIST}")
check_match('"edu"', run(f"x/s $module + {NAME}"), "the last module that was loaded")
run(f"set $text = *(unsigned long *) ($module + {BASE})")
run("add-symbol-file edu.ko $text")
check_equal(gdb.selected_frame().name(), "edu_compute", "who writes it")
check_match("^#1 .* edu_probe ", run("backtrace 3"), "callers")
check_equal(value("n"), 10, "n")
run("stepi")
run("stepi")
check_equal(gdb.selected_frame().name(), "edu_compute", "stepped in")
check_match(r"edu0\.factorial -> 0x00375f00", run("continue"), "the driver reads")
run("stepi")
check_equal(value("edu->result"), 3628800, "10!")
run("monitor delete all")
run("detach")

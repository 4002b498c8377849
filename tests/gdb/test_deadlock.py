# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @trouble.elf -append deadlock -smp 2 -m 64 -serial stdio -monitor none
# symbols: trouble.elf
# wait: stuck on a lock
# gdb: unix
"""docs/cookbook.md: a late gdb finds two vCPUs in a deadlock."""
from session import check_equal, connect, run, value

connect()
# On a busy machine the guest may complain before it comes to this.
while not (value("rename_lock.taken") and value("inode_lock.taken") and value("inode_lock.owner") == 1):
    run("detach")
    connect()
run("info threads")
check_equal(value("rename_lock.owner"), 0, "owner of rename_lock")
run("print rename_lock")
run("print inode_lock")
run("thread apply all -q backtrace")
run("monitor info cpus")
run("detach")

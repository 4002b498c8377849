# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: demo -S
# symbols: demo.elf
# then: tick
"""The session that `make demo` shows, and after it the guest that runs on."""
import __main__
import gdb
from session import TARGET

__main__.target = TARGET
gdb.execute("source hv/cli/demo_session.py")

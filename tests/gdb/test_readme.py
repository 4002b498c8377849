# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: demo -S -smp 2
# symbols: demo.elf
# gdb: unix
# after: tick
"""The session that README.md shows: its commands are typed, gdbrun.py compares what gdb says."""
import pathlib
import sys

sys.path.append(str(pathlib.Path("tests/rigs").resolve()))

import shown  # noqa: E402
from session import connect, typed  # noqa: E402

for command, _ in shown.sessions(pathlib.Path("README.md").read_text())["readme"]:
    if command.startswith("target remote"):
        connect(typed)
    else:
        typed(command)

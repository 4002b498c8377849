# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one test script inside gdb and makes gdb's exit status say how it went.

gdb -batch goes on after an exception in a script; a test must not.
"""
import os
import pathlib
import runpy
import sys
import traceback

import gdb

_script = os.environ["VITRINE_SCRIPT"]
sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent) if "__file__" in globals()
                else str(pathlib.Path(_script).parent))
gdb.execute("set pagination off")
gdb.execute("set confirm off")
gdb.execute("set architecture i386:x86-64")
# A rig executes some ten million instructions a second and talks at 115200 baud.
gdb.execute("set remotetimeout 60")
gdb.execute("set tcp connect-timeout 60")
if "VITRINE_SYMBOLS" in os.environ:
    gdb.execute(f"file {os.environ['VITRINE_SYMBOLS']}")
try:
    runpy.run_path(_script)
    status = 0
except BaseException:
    traceback.print_exc()
    status = 1
sys.stdout.flush()
sys.stderr.flush()
gdb.execute(f"quit {status}")

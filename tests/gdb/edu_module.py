# SPDX-License-Identifier: GPL-3.0-or-later
"""Where tests/modules/edu is once it is built, and what gdb has to know to find it in the guest."""
import pathlib
import re
import subprocess

import gdb

from session import check_equal

_DIRECTORY = pathlib.Path("build/rigs/modules/edu")


def enter():
    """As a person in the driver's directory."""
    gdb.execute(f"cd {_DIRECTORY}")
    gdb.execute("set filename-display basename")


def offsets(*members):
    """Of @members of struct module, by the module's own debug information: a gdb of its own is asked for them."""
    asked = [word for m in members for word in ("-ex", f"print &((struct module *) 0)->{m}")]
    said = subprocess.run(["gdb", "-nx", "-batch", *asked, pathlib.Path(__file__).parents[2] / _DIRECTORY / "edu.ko"],
                          text=True, stdout=subprocess.PIPE, check=True).stdout
    found = re.findall(r"^\$\d+ = \(.*?\) (0x[0-9a-f]+)", said, re.M)
    check_equal(len(found), len(members), said)
    return found

# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules of our own, tests/modules/NAME, built for the stock kernel that tests boot.

As a driver's author would (kernel's kbuild/modules.rst), against Debian's headers; only that these
are not installed. What comes out has DWARF, for gdb; the guest gets it without.
"""
import os
import re
import shutil
import subprocess
import threading

from packages import CACHE, ROOT, headers, kernel, program
from process import Failure

_lock = threading.Lock()  # the rigs run side by side


def directory(name):
    """Where the module @name is built."""
    return CACHE / "modules" / name


def _run(*argv):
    # Without what a make around us says to its children.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run([str(a) for a in argv], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, argv))}: status {done.returncode}\n{done.stdout[-4000:]}")


def _build(name, out, version):
    build, source = headers(version)
    # The kernel's own compiler, by the name that the headers call it.
    compiler = re.search(r"gcc-\d+", (build / ".kernelvariables").read_text())
    program(compiler[0] if compiler else "gcc")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ROOT / "tests" / "modules" / name, out)
    # Debian's own Makefile there includes the other one by its path when it is installed.
    _run(program("make"), "-C", build, "-f", source / "Makefile", f"M={out}", "KCFLAGS=-Werror", "modules")
    _run(program("objcopy"), "--strip-debug", out / f"{name}.ko", out / f"{name}.stripped")
    (out / "version").write_text(version)


def built(name):
    """The module without debug information; directory(NAME)/NAME.ko has it."""
    out, version = directory(name), kernel().version
    stamp = out / "version"
    with _lock:
        newest = max(p.stat().st_mtime for p in (ROOT / "tests" / "modules" / name).iterdir())
        if not stamp.exists() or stamp.read_text() != version or stamp.stat().st_mtime < newest:
            _build(name, out, version)
    return out / f"{name}.stripped"

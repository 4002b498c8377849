# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests that tests boot, by name.

"linux" is Debian's stock kernel, "initrd" its initramfs (inner_init.c), and
each file that tests/guests builds goes by its own name.
"""
import gzip
import os
import threading

import symbols
from image import Initramfs
from packages import BUILD, CACHE, Missing, kernel


_initrd_lock = threading.Lock()  # the rigs run side by side


def _initrd():
    init = BUILD / "tests" / "rigs" / "inner-init"
    if not init.exists():
        raise Missing("inner-init is not built: run make rig-programs")
    out = CACHE / "inner.cpio"
    with _initrd_lock:
        if not out.exists() or out.stat().st_mtime < init.stat().st_mtime:
            fs = Initramfs()
            fs.directory("dev")
            fs.directory("proc")
            fs.chardev("dev/console", 5, 1)
            fs.file("init", init)
            CACHE.mkdir(parents=True, exist_ok=True)
            partial = out.with_suffix(f".{os.getpid()}")
            fs.write(partial)
            os.replace(partial, out)
    return out


def built():
    """{name: path} of what tests/guests built."""
    return {p.name: p for p in sorted((BUILD / "guests").glob("*"))
            if p.is_file() and p.suffix in (".elf", ".bin")}


def names():
    return ["linux", "initrd", *built()]


def path(name):
    """Where the guest file @name is on the host."""
    if name == "linux":
        return kernel().image
    if name == "initrd":
        return _initrd()
    found = BUILD / "guests" / name
    if not found.exists():
        raise Missing(f"the guest {name} is not built: run make guests")
    return found


_symbols_lock = threading.Lock()


def linux_symbols():
    """An ELF file with the symbols of "linux" booted with nokaslr; made by booting it once."""
    out = CACHE / f"vmlinux-{kernel().version}.sym"
    with _symbols_lock:
        if not out.exists():
            import place  # which needs this module

            with place.Svm() as rig:
                packed = rig.run("gzip -c /proc/kallsyms").stdout
            partial = out.with_suffix(f".{os.getpid()}")
            symbols.write_elf(partial, gzip.decompress(packed).decode())
            os.replace(partial, out)
    return out

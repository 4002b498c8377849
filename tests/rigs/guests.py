# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests that tests boot, by name.

"linux" is Debian's stock kernel, "initrd" its initramfs (inner_init.c), "shell"
one with a shell and virtio's modules (inner_shell.sh), "bench-shell" the same with what
`make bench-linux` runs in it, "vsock-shell" one with vsock's modules and stream.c, "linux-full" and "shell-full" the kernel with drivers of real
hardware and its initramfs, "dummy.ko" a module of it, "driver" one that loads tests/modules/edu
(inner_driver.sh), "debian-initrd" what an installed Debian would have (initramfs_tools.py), a name
of _SCRIPTS a script for a disk, and each file that tests/guests builds goes by its own name.
"""
import gzip
import os
import pathlib
import threading

import initramfs_tools
import kbuild
import symbols
from image import Initramfs
from module import quick
from packages import BUILD, CACHE, FULL, Missing, kernel, program

_HERE = pathlib.Path(__file__).resolve().parent


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


# In the order in which they are loaded.
_BUS_MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
                "virtio_mmio")
_SHELL_MODULES = (*_BUS_MODULES, "failover", "net_failover", "virtio_net", "virtio_console", "virtio_blk", "virtio-rng",
                  "virtio_balloon")


_FULL_MODULES = ("e1000", *_BUS_MODULES, "netfs", "fscache", "9pnet", "9p", "9pnet_virtio")


_VSOCK_MODULES = (*_SHELL_MODULES[:5], "vsock", "vmw_vsock_virtio_transport_common", "vmw_vsock_virtio_transport")


def _shell(debian, modules, name, programs=()):
    """Made anew each time: it is a matter of milliseconds."""
    fs = Initramfs()
    for directory in ("proc", "sys", "dev", "tmp", "root"):
        fs.directory(directory)
    fs.chardev("dev/console", 5, 1)
    fs.file("bin/busybox", program("busybox"))
    fs.symlink("bin/sh", "busybox")
    fs.file("init", _HERE / "inner_shell.sh")
    fs.file("bin/udhcpc.sh", _HERE / "udhcpc.sh")
    for source in programs:
        fs.file(f"bin/{source.name}", source)
    order = []
    for module in modules:
        found = debian.module(module)
        if found:
            fs.data(f"modules/{module}.ko", quick(found.read_bytes()))
            order.append(f"{module}.ko\n")
    fs.data("modules/order", "".join(order).encode())
    return _written(fs, name)


def _driver():
    fs = Initramfs()
    fs.chardev("dev/console", 5, 1)
    fs.file("bin/busybox", program("busybox"))
    fs.file("init", _HERE / "inner_driver.sh")
    fs.file("edu.ko", kbuild.built("edu"))
    return _written(fs, "driver")


def _written(fs, name):
    CACHE.mkdir(parents=True, exist_ok=True)
    out = CACHE / f"{name}.cpio"
    partial = out.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    fs.write(partial)
    os.replace(partial, out)
    return out


_SCRIPTS = {"disk-rc": "inner_disk.sh", "disk-udhcpc": "udhcpc.sh"}


def _module_file(name):
    module = kernel(FULL).module(name.removesuffix(".ko"))
    if not module:
        raise Missing(f"the kernel has no {name}")
    out = CACHE / name
    partial = out.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    partial.write_bytes(quick(module.read_bytes()))
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
    if name == "shell":
        return _shell(kernel(), _SHELL_MODULES, name)
    if name == "bench-shell":
        return _shell(kernel(), _SHELL_MODULES, name, [BUILD / "tests" / "rigs" / "bench_disk"])
    if name == "vsock-shell":
        return _shell(kernel(), _VSOCK_MODULES, name, [BUILD / "tests" / "rigs" / "stream"])
    if name == "linux-full":
        return kernel(FULL).image
    if name == "shell-full":
        return _shell(kernel(FULL), _FULL_MODULES, name)
    if name == "driver":
        return _driver()
    if name == "debian-initrd":
        return initramfs_tools.made()
    if name in _SCRIPTS:
        return _HERE / _SCRIPTS[name]
    if name.endswith(".ko"):
        return _module_file(name)
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

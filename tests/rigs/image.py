# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images: an initramfs (cpio "newc", kernel's buffer-format.rst) and a disk for Bochs."""
import os
import pathlib
import stat
import struct

from packages import BUILD, Missing


class Initramfs:
    """Collects files, then writes them as one archive."""

    def __init__(self):
        self._entries = {}

    def directory(self, path):
        path = path.strip("/")
        if path and path not in self._entries:
            self.directory(os.path.dirname(path))
            self._entries[path] = (stat.S_IFDIR | 0o755, b"", 0)

    def data(self, path, content, mode=0o644):
        self.directory(os.path.dirname(path))
        self._entries[path.strip("/")] = (stat.S_IFREG | mode, content, 0)

    def file(self, path, source):
        source = pathlib.Path(source)
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.data(path, source.read_bytes(), mode)

    def symlink(self, path, target):
        self.directory(os.path.dirname(path))
        self._entries[path.strip("/")] = (stat.S_IFLNK | 0o777, target.encode(), 0)

    def chardev(self, path, major, minor):
        self.directory(os.path.dirname(path))
        self._entries[path.strip("/")] = (stat.S_IFCHR | 0o600, b"", (major, minor))

    def has(self, path):
        return path.strip("/") in self._entries

    def write(self, out):
        parts = []
        for ino, (name, (mode, content, rdev)) in enumerate(self._entries.items(), 1):
            parts.append(self._record(ino, name, mode, content, rdev or (0, 0)))
        parts.append(self._record(0, "TRAILER!!!", 0, b"", (0, 0)))
        pathlib.Path(out).write_bytes(b"".join(parts))

    @staticmethod
    def _record(ino, name, mode, content, rdev):
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (ino, mode, 0, 0, links, 0, len(content), 0, 0, *rdev, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        return _pad4(head) + _pad4(content)


def _pad4(b):
    return b + b"\0" * (-len(b) % 4)


_SECTOR = 512
# Where boot.S keeps its table, and where it expects the kernel's real-mode part.
_EXTENTS_AT = 0x1c0
_SETUP_AT, _CMDLINE_OFFSET, _HEAP_END = 0x10000, 0xe000, 0xde00
_KERNEL_AT = 0x100000
# Far above what the kernel needs to unpack itself.
_INITRD_AT = 0x18000000
# Bochs guesses a geometry of 16 heads and 63 sectors.
_CYLINDER = 16 * 63 * _SECTOR


def make_disk(out, kernel, initrd, arguments):
    """A disk that boots @kernel at once, by boot.S. Names as in the Linux x86 boot protocol."""
    sector = BUILD / "tests" / "rigs" / "boot"
    if not sector.exists():
        raise Missing("tests/rigs/boot is not built: run make rig-programs")
    image = pathlib.Path(kernel).read_bytes()
    disk = pathlib.Path(initrd).read_bytes()
    setup_size = (image[0x1f1] + 1) * _SECTOR
    setup = bytearray(_CMDLINE_OFFSET + 2048)
    setup[:setup_size] = image[:setup_size]
    setup[_CMDLINE_OFFSET:_CMDLINE_OFFSET + len(arguments)] = arguments.encode()
    setup[0x210] = 0xff  # type_of_loader: none of the known ones
    setup[0x211] |= 0x80  # loadflags: CAN_USE_HEAP
    struct.pack_into("<H", setup, 0x224, _HEAP_END)
    struct.pack_into("<II", setup, 0x218, _INITRD_AT, len(disk))
    struct.pack_into("<I", setup, 0x228, _SETUP_AT + _CMDLINE_OFFSET)

    boot = bytearray(sector.read_bytes())
    at = 1
    with open(out, "wb") as f:
        for index, (part, where) in enumerate(((setup, _SETUP_AT), (image[setup_size:], _KERNEL_AT),
                                               (disk, _INITRD_AT))):
            count = -(-len(part) // _SECTOR)
            struct.pack_into("<III", boot, _EXTENTS_AT + 12 * index, at, count, where)
            f.seek(at * _SECTOR)
            f.write(part)
            at += count
        f.seek(0)
        f.write(boot)
        f.truncate(-(-at * _SECTOR // _CYLINDER) * _CYLINDER)

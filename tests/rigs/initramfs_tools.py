# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own initramfs for the stock kernel, as its initramfs-tools make it. No root, nothing installed.

mkinitramfs and its hooks have the paths of an installed system in them. So they run in a
user namespace where the unpacked packages lie over /usr and /etc (user_namespaces(7), the kernel's
overlayfs.rst) and the kernel is where it would be.
"""
import os
import pathlib
import subprocess
import tempfile
import threading

from packages import CACHE, Missing, kernel, program, unpacked
from process import Failure

_PACKAGES = ("initramfs-tools-core", "klibc-utils", "libklibc", "kmod", "libkmod2", "udev", "libudev1", "cpio")

# Only what this machine needs, which saves most of the time that unpacking takes. (initramfs.conf(5))
_CONF = """\
MODULES=list
BUSYBOX=auto
COMPRESS=gzip
DEVICE=
NFSROOT=auto
RUNSIZE=10%
FSTYPE=auto
"""
_MODULES = "virtio_pci\nvirtio_blk\nvirtio_net\n"

# Of an unpacked package, /bin and the like are directories still.
_MAKE = """\
set -e
mount -t tmpfs tmp "$scratch"
mkdir -p "$scratch/usr/lib/modules" "$scratch/etc"
cp -a "$packages/usr/." "$scratch/usr"
for d in bin sbin lib; do
	[ ! -d "$packages/$d" ] || cp -a "$packages/$d" "$scratch/usr"
done
cp -a "$packages/etc/." "$scratch/etc"
mount -t overlay -o "lowerdir=$scratch/usr:/usr" usr /usr
mount -t overlay -o "lowerdir=$scratch/etc:/etc" etc /etc
mount --bind "$kernel/boot" /boot
mount --bind "$modules" /usr/lib/modules
exec mkinitramfs -d "$conf" -o "$out" "$version"
"""

_lock = threading.Lock()


def _make(out, scratch):
    debian = kernel()
    conf, top = scratch / "conf", scratch / "top"
    for directory in (top, conf / "conf.d", conf / "hooks", conf / "scripts"):
        directory.mkdir(parents=True)
    (conf / "initramfs.conf").write_text(_CONF)
    (conf / "modules").write_text(_MODULES)
    tree = debian.image.parents[1]
    environment = dict(os.environ, TMPDIR=str(scratch), packages=str(unpacked(*_PACKAGES)), kernel=str(tree),
                       modules=str(debian.modules.parent), version=debian.version, conf=str(conf),
                       scratch=str(top), out=str(out))
    environment["PATH"] += ":/usr/sbin:/sbin"
    alone = [program("unshare"), "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        raise Missing("this host lets nobody make a user namespace")
    done = subprocess.run([*alone, "sh", "-c", _MAKE], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failure(f"mkinitramfs: status {done.returncode}\n{done.stdout[-4000:]}")


def made():
    out = CACHE / f"initrd-{kernel().version}.img"
    with _lock:
        if not out.exists() or out.stat().st_mtime < os.stat(__file__).st_mtime:
            with tempfile.TemporaryDirectory(prefix="vitrine-initramfs-") as scratch:
                partial = out.with_suffix(f".{os.getpid()}")
                _make(partial, pathlib.Path(scratch))
                os.replace(partial, out)
    return out

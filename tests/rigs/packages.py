# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages, fetched and unpacked below build/rigs; nothing is installed.

A package is downloaded once. Later runs take what is there and do not touch
the network.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
if not BUILD.is_absolute():
    BUILD = ROOT / BUILD
CACHE = ROOT / "build" / "rigs"


class Missing(Exception):
    """Something that a rig is made of is not there; the text says what."""


def _apt(*args, cwd=None):
    try:
        return subprocess.run(args, cwd=cwd, check=True, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
    except FileNotFoundError:
        raise Missing(f"{args[0]} is not installed") from None
    except subprocess.CalledProcessError as e:
        raise Missing(f"{' '.join(args)} failed: {e.stderr.strip().splitlines()[-1:]}") from None


def unpacked(package, *more):
    """The directory that holds the files of @package, and of @more packages that it goes with."""
    target = CACHE / "packages" / package
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as tmp:
        os.chmod(tmp, 0o755)
        _apt("apt-get", "download", "-q", package, *more, cwd=tmp)
        debs = list(pathlib.Path(tmp).glob("*.deb"))
        if len(debs) != 1 + len(more):
            raise Missing(f"apt-get download {' '.join((package, *more))} brought {len(debs)} packages")
        files = pathlib.Path(tmp) / "files"
        for deb in debs:
            _apt("dpkg", "-x", str(deb), str(files))
        # Another run may have been faster; its files are as good.
        if not target.is_dir():
            os.rename(files, target)
    return target


class Kernel:
    """A stock Debian kernel: .version, .image (the bzImage), .modules (their directory), .module(name)."""

    def __init__(self, tree):
        self.image = next(iter(tree.glob("boot/vmlinuz-*")), None)
        if not self.image:
            raise Missing(f"{tree.name} holds no boot/vmlinuz")
        self.version = self.image.name.removeprefix("vmlinuz-")
        self.modules = tree / "lib" / "modules" / self.version
        if not self.modules.is_dir():
            self.modules = tree / "usr" / "lib" / "modules" / self.version

    def module(self, name):
        """Path of NAME.ko, None when the kernel has it built in or not at all."""
        return next(iter(self.modules.rglob(f"{name}.ko")), None)


# The small one of virtual machines, and the one of real machines, with drivers of real hardware.
CLOUD, FULL = "cloud-amd64", "amd64"


def kernel(flavour=CLOUD):
    """The newest kernel of this Debian of that flavour, or the newest one of the cache."""
    name = rf"linux-image-\d[\d.]*-\d+-{flavour}"
    cached = sorted((p for p in (CACHE / "packages").glob("linux-image-*") if re.fullmatch(name, p.name)),
                    key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)])
    if cached:
        return Kernel(cached[-1])
    found = re.search(rf"Depends: ({name})\s", _apt("apt-cache", "depends", f"linux-image-{flavour}"))
    if not found:
        raise Missing(f"apt knows no linux-image-{flavour}: run apt-get update")
    return Kernel(unpacked(found[1]))


def headers(version):
    """The directories that modules for a kernel are built in and that its Makefile is in."""
    package = f"linux-headers-{version}"
    tree = CACHE / "packages" / package
    if not tree.is_dir():
        needed = re.findall(r"Depends: (linux-(?:headers|kbuild)-\S+)", _apt("apt-cache", "depends", package))
        tree = unpacked(package, *needed)
    source = next(iter(tree.glob("usr/src/linux-headers-*-common")), None)
    if not source:
        raise Missing(f"{package} holds no linux-headers-*-common")
    return tree / "usr" / "src" / package, source


def program(name):
    """Path of an installed program."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Missing(f"{name} is not installed")
    return pathlib.Path(path)


def shared_libraries(binary):
    """The libraries (and the dynamic linker) that @binary loads: names as it looks them up."""
    out = subprocess.run(["ldd", str(binary)], text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    lost = re.findall(r"(\S+) => not found", out)
    if lost:
        raise Missing(f"{binary} needs {' '.join(lost)}")
    return [pathlib.Path(p) for p in re.findall(r"(/\S+) \(0x", out)]

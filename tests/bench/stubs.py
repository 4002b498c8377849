# SPDX-License-Identifier: GPL-3.0-or-later
"""The stubs that are compared, vitrine and QEMU's on the same guest and KVM, and one without a guest."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from packages import BUILD, program

TOOLS = BUILD / "tests" / "rigs"
GUEST = BUILD / "guests" / "demo.elf"
LOAD = BUILD / "guests" / "load.elf"
HERE = pathlib.Path(__file__).resolve().parent
RAM_MIB = 64
TIMEOUT = 300


def symbol(name):
    table = subprocess.run(["nm", GUEST], check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(rf"^(\w+) \w {name}$", table, re.M)[1], 16)


def tool(name, *args):
    """What a program of tests/bench prints; None for "not offered"."""
    done = subprocess.run([TOOLS / f"bench_{name}", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise RuntimeError(f"bench_{name} {' '.join(map(str, args))}: {done.stderr.strip()}")
    text = done.stdout.strip()
    return None if text == "not offered" else text


class Stub:
    """A guest that stands still, with a stub on a UNIX socket. Use it in a `with`."""

    name = "?"

    def __init__(self, append="", vcpus=1):
        self._dir = pathlib.Path(tempfile.mkdtemp(prefix="vitrine-bench-"))
        self.socket = self._dir / "gdb.sock"
        started = time.monotonic()
        self.process = subprocess.Popen(self.command(append, vcpus), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() - started > 60:
                self.close()
                raise RuntimeError(f"{self.name} did not start")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self._dir, ignore_errors=True)

    def command(self, append, vcpus):
        raise NotImplementedError

    def rsp(self, what, *args):
        """The figure of the raw client, None when the stub does not offer what it takes."""
        text = tool("rsp", self.socket, what, *args)
        return text and (float(text) if text != "yes" else True)

    def gdb(self, bench, **environment):
        """The figures of in_gdb.py."""
        done = subprocess.run([program("gdb"), "-nx", "-batch", "-ex", "set remotetimeout 60",
                               "-ex", "set architecture i386:x86-64", "-ex", f"file {GUEST}",
                               "-ex", f"target remote {self.socket}", "-x", HERE / "in_gdb.py"],
                              env=dict(os.environ, BENCH=bench, **environment), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT)
        figures = re.search(r"^FIGURES (.*)$", done.stdout, re.M)
        if not figures:
            raise RuntimeError(f"gdb on {self.name}:\n{done.stdout[-3000:]}")
        return json.loads(figures[1])

    def resident_kib(self):
        """What is resident of the process beside guest RAM."""
        total = 0
        ram = False
        for line in pathlib.Path(f"/proc/{self.process.pid}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-", line):
                ram = re.search(r"memfd:(vitrine-ram|memory-backend-memfd)", line)
            elif line.startswith("Rss:") and not ram:
                total += int(line.split()[1])
        return total


class Vitrine(Stub):
    name = "vitrine"

    @staticmethod
    def base(append, vcpus, guest=GUEST, serial="none"):
        return [BUILD / "vitrine", "-kernel", guest, "-append", append, "-smp", str(vcpus),
                "-m", str(RAM_MIB), "-serial", serial, "-monitor", "none"]

    def command(self, append, vcpus):
        return [*self.base(append, vcpus), "-S", "-gdb", f"unix:{self.socket}"]

    @classmethod
    def to_the_end(cls, append):
        return [*cls.base(append, 1), "-gdb", "none"]

    @classmethod
    def load(cls, append):
        return [*cls.base(append, 1, LOAD, "stdio"), "-gdb", "none"]

    @classmethod
    def load_watched(cls, append, monitor, stub):
        """The same with sockets for a monitor and for gdb."""
        return [*cls.base(append, 1, LOAD, "stdio"), "-monitor", f"unix:{monitor}", "-gdb", f"unix:{stub}"]


class Qemu(Stub):
    name = "QEMU"

    @staticmethod
    def base(append, vcpus, guest=GUEST):
        return [program("qemu-system-x86_64"), "-accel", "kvm", "-nodefaults", "-no-user-config",
                "-object", f"memory-backend-memfd,id=ram,size={RAM_MIB}M", "-machine",
                "pc,memory-backend=ram", "-smp", str(vcpus), "-m", str(RAM_MIB), "-display", "none",
                "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-kernel", guest,
                "-append", append]

    def command(self, append, vcpus):
        return [*self.base(append, vcpus), "-S", "-gdb", f"unix:{self.socket},server=on,wait=off"]

    @classmethod
    def to_the_end(cls, append):
        return cls.base(append, 1)

    @classmethod
    def load(cls, append):
        return [*cls.base(append, 1, LOAD), "-serial", "stdio"]


class Canned(Stub):
    """gdb's own ceiling (canned.c)."""

    name = "canned"

    def command(self, append, vcpus):
        return [TOOLS / "bench_canned", self.socket]

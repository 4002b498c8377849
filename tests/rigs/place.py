# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a test runs: on this machine's KVM, or on an emulated machine with KVM.

    native   /dev/kvm of this machine
    vmx      an Intel machine: Bochs
    svm      an AMD machine: QEMU's TCG

All have the same calls. A rig (vmx, svm) boots once, when it is first used,
and serves many tests; the programs and guests of the build are in its
initramfs, so it shows the build as it was when it booted.
"""
import atexit
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import threading

import emulators
import guests
from gdbline import GdbLine
from image import Initramfs
from link import Link
from module import quick
from packages import BUILD, ROOT, Missing, kernel, program, shared_libraries, unpacked
from process import PATIENCE, Failure, PlaceDied, Process, TimedOut
from tunnel import Tunnel


# Places that have not been closed.
_open = set()


def close_all():
    """Ends every place, also those that are just opening; any thread."""
    for place in list(_open):
        place.close()


atexit.register(close_all)


class Place:
    """A place that has been opened. Close it, or use it in a `with`.

    .scratch is a private directory of the host for the test's own files.
    """

    name = "?"
    # The directory, in the place, of what tests/guests built.
    guests = None
    # What vitrine prints once gdb can come.
    listening = r"target remote "

    def __init__(self):
        self._target = None
        self._processes = []
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="vitrine-place-"))
        self._closing = threading.Lock()
        _open.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def spawn(self, argv, title=None):
        """Starts any program; returns its Process."""
        raise NotImplementedError

    def file(self, name):
        """The path, in the place, of a guest file: "linux", "initrd", or one of tests/guests."""
        raise NotImplementedError

    def script(self, path):
        """The path, in the place, of a script of tests/rigs."""
        raise NotImplementedError

    def usable(self):
        """False when nothing more can be run here."""
        return True

    def gdb_target(self):
        """What gdb takes after "target remote", for the vitrine that was started last."""
        return self._target

    def reach(self, path):
        """The host's name for the UNIX socket @path in the place: connect to it from a test."""
        raise NotImplementedError

    def socket_path(self):
        """A fresh name for a UNIX socket in the place."""
        raise NotImplementedError

    def end_processes(self):
        """Kills what still runs: a test that failed may have left a machine, and with it a port."""
        for process in self._processes:
            process.kill()
        self._processes = []

    def close(self):
        """Ends everything that runs here and removes its files. Any thread; again is harmless."""
        with self._closing:
            if self in _open:
                self._end()
                shutil.rmtree(self.scratch, ignore_errors=True)
                _open.discard(self)

    def _end(self):
        raise NotImplementedError

    def run(self, command, timeout=PATIENCE):
        """Runs a shell command to its end; returns the finished Process."""
        process = self.spawn(["sh", "-c", command], title=command)
        process.wait(timeout)
        return process

    def start(self, args, gdb="line", program="vitrine"):
        """Starts vitrine; "@NAME" as a word of @args, or behind a "=" in one, becomes file(NAME).

        @gdb: "line" has the stub on a rig's second serial line, "unix" on a UNIX socket (which
        notices when gdb is killed), None leaves it to @args. gdb_target() says where it is.
        """
        words = [re.sub(r"(^|=)@([^,]+)", lambda m: f"{m[1]}{self.file(m[2])}", str(a)) for a in args]
        if gdb:
            device, self._target = self._gdb_endpoint(gdb)
            words += ["-gdb", device]
        return self.spawn([self._program(program), *words], title=program)

    def lacks(self, need):
        """Why the place has not got @need, None when it has.

        "processor": guest kernels run on a processor with VT-x or SVM, not in KVM's emulator.
        """
        return None

    def processor_seconds(self):
        """What running here has cost so far; elapsed time says little on a busy machine."""
        return 0.0

    def diagnosis(self):
        """Text that helps when a test failed for a reason outside its own output."""
        return ""


# --- native ---


class LocalProcess(Process):
    def __init__(self, argv, title):
        super().__init__(title)
        # As in a rig, where what the build made is in /bin.
        path = f"{BUILD}:{BUILD / 'tests' / 'rigs'}:{os.environ.get('PATH', os.defpath)}"
        self._popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE,
                                       env=dict(os.environ, PATH=path),
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       start_new_session=True,
                                       preexec_fn=emulators.die_with_parent)
        self._readers = [threading.Thread(target=self._read, args=a, daemon=True)
                         for a in ((self._popen.stdout, False), (self._popen.stderr, True))]
        self.pid = self._popen.pid
        for reader in self._readers:
            reader.start()
        threading.Thread(target=self._reap, daemon=True).start()

    def _read(self, stream, is_stderr):
        while data := os.read(stream.fileno(), 65536):
            self.feed(data, is_stderr)
        stream.close()

    def _reap(self):
        status = self._popen.wait()
        for reader in self._readers:
            reader.join(30)
        self.finish(status if status >= 0 else 128 - status)

    def write(self, data):
        try:
            self._popen.stdin.write(data)
            self._popen.stdin.flush()
        except BrokenPipeError:
            pass

    def close_stdin(self):
        try:
            self._popen.stdin.close()
        except BrokenPipeError:
            pass

    def kill(self, signal=9):
        if self._popen.returncode is None:
            try:
                os.killpg(self._popen.pid, signal)
            except ProcessLookupError:
                pass


class Native(Place):
    name = "native"
    guests = BUILD / "guests"

    def __init__(self):
        if not os.path.exists("/dev/kvm"):
            raise Missing("no /dev/kvm")
        if not stat.S_ISCHR(os.stat("/dev/kvm").st_mode):
            raise Missing("/dev/kvm is no device")
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise Missing("no permission to open /dev/kvm")
        super().__init__()
        self._sockets = 0
        self._emulates = None  # not known yet

    def spawn(self, argv, title=None):
        argv = [str(a) for a in argv]
        if "/" not in argv[0]:
            argv = ["/usr/bin/env", *argv]  # which looks in the new PATH
        process = LocalProcess(argv, title or argv[-1])
        self._processes.append(process)
        return process

    def file(self, name):
        return guests.path(name)

    def script(self, path):
        return path

    def _program(self, name):
        return BUILD / "vitrine" if name == "vitrine" else BUILD / "tests" / "rigs" / name

    def _gdb_endpoint(self, _):
        path = self.socket_path()
        return f"unix:{path}", path

    def reach(self, path):
        return path

    def lacks(self, need):
        if need == "processor" and self._emulates is None:
            check = self.run("vitrine check").text
            self._emulates = "comes as an emulation failure" in check
        return ("this KVM has neither VT-x nor SVM: it emulates kernel code, and not all of it"
                if self._emulates else None)

    def socket_path(self):
        self._sockets += 1
        return str(self.scratch / f"{self._sockets}.sock")

    def _end(self):
        self.end_processes()


# --- rigs ---


class Rig(Place):
    """An emulated machine. A subclass says which emulator and which KVM module."""

    guests = "/guests"
    modules = ()
    # Guest files that are large or made of more packages: a rig does without those that cannot be made.
    more_guests = ()
    # Programs of the host that are there besides busybox's.
    more_programs = ()
    boot_timeout = 900

    def __init__(self):
        super().__init__()
        self._emulator = self._link = self._line = None
        self._tunnels = []
        self._sockets = 0
        self._absent = {}  # {name of a guest file: why it could not be made}
        try:
            self._boot()
        except BaseException:
            self.close()
            raise

    def _emulate(self, kernel_image, initrd):
        raise NotImplementedError

    def _boot(self):
        debian = kernel()
        initrd = self.scratch / "rig.cpio"
        self._image(debian).write(initrd)
        self._emulator = self._emulate(debian.image, initrd)
        self._link = Link(self._emulator.console_fd)
        self._line = GdbLine(self._emulator.gdb_fd, self.scratch / "gdb.sock")
        self._emulator.on_exit(self._link.died)
        try:
            self._link.wait_ready(self.boot_timeout)
        except PlaceDied as e:
            raise PlaceDied(f"{e}\n{self._emulator.log()}") from None

    def _image(self, debian):
        fs = Initramfs()
        for name in ("proc", "sys", "dev", "tmp", "run", "root", "etc"):
            fs.directory(name)
        fs.chardev("dev/console", 5, 1)
        fs.file("bin/busybox", program("busybox"))
        fs.symlink("bin/sh", "busybox")
        fs.file("init", ROOT / "tests" / "rigs" / "init.sh")
        order = []
        for name in self.modules:
            module = debian.module(name)
            if module:
                fs.data(f"modules/{name}.ko", quick(module.read_bytes()))
                order.append(f"{name}.ko\n")
        fs.data("modules/order", "".join(order).encode())
        binaries = [(f"bin/{p.name}", p) for p in (BUILD / "tests" / "rigs").iterdir()
                    if p.is_file() and os.access(p, os.X_OK)]
        if (BUILD / "vitrine").exists():
            binaries.append(("bin/vitrine", BUILD / "vitrine"))
        binaries += [(f"bin/{name}", program(name)) for name in self.more_programs]
        binaries.append(("bin/gdb", unpacked("gdb-minimal") / "usr" / "bin" / "gdb"))
        for where, source in binaries:
            fs.file(where, source)
            for library in shared_libraries(source):
                if not fs.has(str(library)):
                    fs.file(str(library), library)
        for name in guests.names():
            fs.file(f"guests/{name}", guests.path(name))
        for name in self.more_guests:
            try:
                fs.file(f"guests/{name}", guests.path(name))
            except (Missing, Failure) as e:
                self._absent[name] = e
        for script in sorted((ROOT / "tests" / "rigs").glob("test_*.sh")):
            fs.file(f"tests/{script.name}", script)
        return fs

    def spawn(self, argv, title=None):
        process = self._link.start(argv, title)
        self._processes.append(process)
        return process

    def file(self, name):
        if name in self._absent:
            raise self._absent[name]
        return f"/guests/{name}"

    def script(self, path):
        return f"/tests/{path.name}"

    def usable(self):
        try:
            return self.run("true").status == 0
        except (PlaceDied, TimedOut):
            return False

    def _program(self, name):
        return f"/bin/{name}"

    def _gdb_endpoint(self, kind):
        if kind == "line":
            return "/dev/ttyS1", str(self._line.path)
        path = self.socket_path()
        return f"unix:{path}", self.reach(path)

    def reach(self, path):
        tunnel = Tunnel(self, path, self.scratch / f"tunnel{len(self._tunnels)}.sock")
        self._tunnels.append(tunnel)
        return str(tunnel.path)

    def socket_path(self):
        self._sockets += 1
        return f"/run/{self._sockets}.sock"

    def processor_seconds(self):
        return self._emulator.processor_seconds()

    def diagnosis(self):
        console = self._link.console if self._link else ""
        log = self._emulator.log() if self._emulator and self._emulator.ended() else ""
        return f"console of the {self.name} rig:\n{console[-4000:]}\n{log}"

    def _end(self):
        for tunnel in self._tunnels:
            tunnel.close()
        if self._line:
            self._line.close()
        if self._emulator:
            self._emulator.close()


class Vmx(Rig):
    name = "vmx"
    modules = ("irqbypass", "kvm", "kvm-intel")
    more_guests = ("driver",)

    def _emulate(self, kernel_image, initrd):
        return emulators.Bochs(self.scratch, kernel_image, initrd)


class Svm(Rig):
    name = "svm"
    modules = ("irqbypass", "kvm", "ccp", "kvm-amd")
    more_guests = ("shell", "vsock-shell", "linux-full", "shell-full", "driver", "dummy.ko",
                   "debian-initrd", "disk-rc", "disk-udhcpc")
    more_programs = ("mke2fs", "e2fsck", "debugfs")

    def _emulate(self, kernel_image, initrd):
        return emulators.Qemu(self.scratch, kernel_image, initrd)


PLACES = {p.name: p for p in (Native, Vmx, Svm)}


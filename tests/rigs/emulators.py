# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that rigs are: a process each, with two serial lines to the host.

An emulator has .console_fd (ttyS0) and .gdb_fd (ttyS1), which are the
harness's ends; close() ends the process and closes both. No TCP port is
opened where anyone could reach it.
"""
import ctypes
import os
import pathlib
import pty
import signal
import socket
import subprocess
import threading
import tty

from image import make_disk
from packages import Missing, program
from process import PATIENCE

# For "linux" anywhere. mitigations=off: speed; nokaslr: symbols that are the same in
# every boot. The two initcalls only tidy up ftrace's tables, with a thousand million
# instructions.
LINUX_ARGUMENTS = ("console=ttyS0 quiet panic=-1 nokaslr mitigations=off init_on_alloc=0 "
                   "cryptomgr.notests "
                   "initcall_blacklist=trace_eval_init,ftrace_check_for_weak_functions")

# Bochs' TSC counts one for an instruction, but its CPUID leaf 15h tells the frequency of a Skylake:
# believing that, a kernel's clock is sixty times slow, and its scheduler's turns last seconds.
_BOCHS_MHZ = 50
_BOCHS_ARGUMENTS = f"{LINUX_ARGUMENTS} tsc_early_khz={_BOCHS_MHZ}000"

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000


def die_with_parent():
    """In the child before exec: a killed harness leaves nothing behind (prctl(2))."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _alone():
    """As above, and without a network: Bochs' display server listens on every interface."""
    die_with_parent()
    if _libc.unshare(_CLONE_NEWNET):
        _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


class Emulator:
    def __init__(self):
        self._popen = None
        self._fds = []
        self._logs = []
        self._on_exit = []
        self._ended = threading.Event()

    def _launch(self, argv, cwd, isolate):
        with open(cwd / "emulator.out", "wb") as out:
            self._popen = subprocess.Popen([str(a) for a in argv], cwd=cwd,
                                           stdin=subprocess.DEVNULL, stdout=out,
                                           stderr=subprocess.STDOUT, start_new_session=True,
                                           preexec_fn=_alone if isolate else die_with_parent)
        self._logs.append(cwd / "emulator.out")
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        self._popen.wait()
        self._ended.set()
        for call in self._on_exit:
            call()

    def on_exit(self, call):
        """@call() when the process has ended, from a thread of its own, or now if it has."""
        self._on_exit.append(call)
        if self._ended.is_set():
            call()

    def processor_seconds(self):
        """What the emulation has cost so far, user and system (proc(5), fields 14 and 15)."""
        try:
            fields = pathlib.Path(f"/proc/{self._popen.pid}/stat").read_text().rpartition(")")[2]
        except OSError:
            return 0.0
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def ended(self):
        return self._ended.is_set()

    def log(self):
        """The end of what the emulator itself wrote."""
        texts = []
        for path in self._logs:
            if path.exists():
                texts.append(f"{path.name}:\n{path.read_text(errors='replace')[-2000:]}")
        return "\n".join(texts)

    def close(self):
        if self._popen and self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        for fd in self._fds:
            os.close(fd)
        self._fds = []


_BOCHSRC = """\
plugin_ctrl: unmapped=0, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1
display_library: rfb, options="timeout=0"
config_interface: textconfig
memory: guest=1024, host=1024
romimage: file={bios}
vgaromimage: file={vgabios}
boot: disk
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=rig.img, mode=flat
cpu: model=corei7_skylake_x, count=1, ips={mhz}000000, reset_on_triple_fault=0
clock: sync=none
com1: enabled=1, mode=term, dev={com1}
com2: enabled=1, mode=term, dev={com2}
log: bochs.log
"""


class Bochs(Emulator):
    """An Intel Skylake with VMX. Its serial ports are pseudo-terminals."""

    def __init__(self, directory, kernel, initrd):
        super().__init__()
        bochs = program("bochs")
        bios = pathlib.Path("/usr/share/bochs/BIOS-bochs-latest")
        vgabios = pathlib.Path("/usr/share/vgabios/vgabios.bin")
        for part, package in ((bios, "bochsbios"), (vgabios, "vgabios")):
            if not part.exists():
                raise Missing(f"{package} is not installed")
        make_disk(directory / "rig.img", kernel, initrd, _BOCHS_ARGUMENTS)
        os.unlink(initrd)
        lines = []
        for _ in range(2):
            master, slave = pty.openpty()
            # The slave stays open here, so that the line outlives what Bochs does with it.
            self._fds += [master, slave]
            tty.setraw(slave)
            lines.append((master, os.ttyname(slave)))
        self.console_fd, self.gdb_fd = lines[0][0], lines[1][0]
        (directory / "bochsrc").write_text(_BOCHSRC.format(mhz=_BOCHS_MHZ, 
            bios=bios, vgabios=vgabios, com1=lines[0][1], com2=lines[1][1]))
        # Debian's Bochs has the internal debugger in: "c" lets the machine run.
        (directory / "bochs.rc").write_text("c\n")
        self._launch([bochs, "-q", "-f", "bochsrc", "-rc", "bochs.rc"], directory, isolate=True)
        self._logs.append(directory / "bochs.log")


class Qemu(Emulator):
    """An AMD machine with SVM, by QEMU's own code generator."""

    def __init__(self, directory, kernel, initrd):
        super().__init__()
        qemu = program("qemu-system-x86_64")
        argv = [qemu, "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "4096",
                "-display", "none", "-nodefaults", "-no-reboot",
                "-kernel", kernel, "-initrd", initrd, "-append", LINUX_ARGUMENTS]
        listeners = []
        for name in ("com1", "com2"):
            path = directory / f"{name}.sock"
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen(1)
            listener.settimeout(PATIENCE)
            listeners.append(listener)
            argv += ["-chardev", f"socket,id={name},path={path}", "-serial", f"chardev:{name}"]
        self._launch(argv, directory, isolate=False)
        for listener in listeners:
            with listener:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    raise Missing(f"QEMU did not start: {self.log()}") from None
                # accept() of a listener with a timeout gives a non-blocking socket.
                connection.setblocking(True)
                self._fds.append(connection.detach())
        self.console_fd, self.gdb_fd = self._fds

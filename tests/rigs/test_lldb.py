# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
"""Debian's lldb: from the first instruction to detach, typed as a person types it."""
import re
import shlex
import subprocess

from packages import BUILD, Missing, program
from place import LocalProcess
from process import PATIENCE

GUESTS = BUILD / "guests"
# Printed once what was typed before it is done: lldb shows no prompt to a pipe.
MARK = "done-{}"
STOPPED = r"^Process 1 stopped(\n.*)+frame #0"
# Of the modes guest, in order of its trip; the first five are before it needs a real processor.
LANDMARKS = ("pvh32", "prot16", "real", "real_cs", "prot32", "paged32", "pae", "compat32", "long", "long_high")


def _lldb():
    """The metapackage's name, or that of the package for Debian 12 alone."""
    try:
        return program("lldb")
    except Missing:
        return program("lldb-14")


class Lldb:
    """Commands to an lldb on a pipe; each returns what it printed."""

    def __init__(self, place, *options, guest="demo.elf"):
        self.vitrine = place.start(["-kernel", f"@{guest}", "-m", 64, "-smp", 2, *options], "unix")
        self.vitrine.expect(place.listening)
        self._lldb = LocalProcess([_lldb(), "--no-lldbinit", "--no-use-colors", "--script-language", "none"], "lldb")
        self._marks = 0
        # lldb's own is five seconds: after that it takes the stub to be gone.
        self("settings set plugin.process.gdb-remote.packet-timeout 60")
        self(f"target create {shlex.quote(str(GUESTS / guest))}")
        self.connect = f"process connect unix-connect://{place.gdb_target()}"

    def __call__(self, command, then=None, timeout=PATIENCE):
        """@then: what to wait for besides the end of the command (which may be before a stop)."""
        before = len(self._lldb.output)
        self._marks += 1
        mark = MARK.format(self._marks)
        self._lldb.write(f"{command}\nplatform shell -h -- echo {mark}\n".encode())
        self._lldb.expect(f"^{mark}", timeout, after=before)
        if then:
            self._lldb.expect(then, timeout, after=before)
        return self._lldb.output[before:].decode(errors="replace")

    @property
    def text(self):
        return self._lldb.text

    def check(self, command, pattern="", **more):
        before = len(self._lldb.output)
        text = self(command, **more)
        if "then" in more:
            # Of what is told after the command's end, all may not be there yet.
            self._lldb.expect(pattern, after=before)
            return self._lldb.output[before:].decode(errors="replace")
        assert re.search(pattern, text, re.M), f"{command}: no match of {pattern!r} in:\n{text}"
        return text

    def close(self):
        self._lldb.kill()
        self.vitrine.kill(15)
        self.vitrine.wait()


def _session(lldb):
    # At the first instruction, before there is paging.
    lldb.check(lldb.connect, "stop reason = signal SIGTRAP", then=r"^Process 1 stopped")
    lldb.check("bt", r"\* frame #0: 0x0000000000100000 demo.elf`pvh_start")
    lldb.check("thread list", r"\* thread #1: .* name = 'vCPU0'(.*\n)+  thread #2: .* name = 'vCPU1'")
    lldb.check("register read rip cr0", r"rip = 0x0000000000100000(.*\n)+ +cr0 = 0x000000")

    # By address, while one vCPU is up, and one instruction.
    text = lldb.check("image lookup -v -n kernel_main", "Summary: demo.elf`kernel_main")
    address = int(re.search(r"range = \[(0x[0-9a-f]+)", text)[1], 16)
    lldb.check(f"breakpoint set -a {address:#x}", "Breakpoint 1: where = demo.elf`kernel_main")
    lldb.check("continue", r"thread #1.*stop reason = breakpoint 1\.1", then=STOPPED)
    lldb.check("bt", r"frame #1: .*demo.elf`boot_high")
    lldb.check("thread step-inst", "stop reason = instruction step into", then=STOPPED)
    after = int(re.search(r"rip = (0x\w+)", lldb("register read rip"))[1], 16)
    assert address < after <= address + 15, f"{address:#x} to {after:#x}"
    lldb.check("breakpoint delete 1", "1 breakpoints deleted")

    # By symbol: each vCPU hits it once, one after the other or both at the same time.
    text = lldb.check("breakpoint set -n cpu_main", r"Breakpoint 2: where = demo.elf`cpu_main")
    address = int(re.search(r"address = (0x[0-9a-f]+)", text)[1], 16)
    lldb.check("continue", r"stop reason = breakpoint 2\.1", then=STOPPED)
    lldb.check("bt", r"frame #0: .*demo.elf`cpu_main\(")
    if "hit count = 1" in lldb("breakpoint list"):
        lldb.check("continue", r"stop reason = breakpoint 2\.1", then=STOPPED)
    lldb.check("breakpoint list", "resolved, hit count = 2")
    lldb.check("thread backtrace all", r"thread #1(.*\n)+.*thread #2(.*\n)+.*cpu_main")
    lldb.check("next", "stop reason = step over", then=STOPPED)
    lldb.check("breakpoint delete 2", "1 breakpoints deleted")

    # Memory: what is planted there does not show, what is written is there.
    lldb.check(f"memory read -s 1 -c 1 -f x {address:#x}", r": 0x55")
    lldb.check("memory region cpu_main", r"\[0xffffffff8.*\) r-x")
    lldb.check("memory region 0x900000000000", r"\[0x0000800000000000-.*\) ---")
    lldb.check("p heartbeat = 77", "= 77")
    lldb.check("p heartbeat", "= 77")
    lldb.check("register write rax 7")
    lldb.check("register read rax", "rax = 0x0000000000000007")
    lldb.check("process plugin packet monitor info status", "VM status: stopped")

    # A watchpoint, and the old and new value.
    lldb.check("watchpoint set variable ticks", "Watchpoint created: Watchpoint 1")
    lldb.check("continue", r"stop reason = watchpoint 1", then=STOPPED)
    lldb.check("watchpoint delete 1", "1 watchpoints deleted")

    # Ctrl-C.
    lldb("continue", then="resuming")
    lldb.vitrine.expect("tick", after=len(lldb.vitrine.text))
    lldb.check("process interrupt", "stop reason = signal SIGINT", then=STOPPED)
    lldb.check("detach", "Process 1 detached")
    lldb.vitrine.expect("tick", after=len(lldb.vitrine.text))


def test_session(place):
    lldb = Lldb(place, "-S")
    try:
        _session(lldb)
        return lldb.text
    finally:
        lldb.close()


def test_kill(place):
    """`process kill` ends vitrine, as `kill` of gdb does."""
    lldb = Lldb(place)
    try:
        lldb(lldb.connect, then=STOPPED)
        lldb.check("process kill", "Process 1 exited with status = 9", then="exited with status")
        assert lldb.vitrine.wait() == 0
        return lldb.text
    finally:
        lldb.close()


def _landmarks(place):
    """{name: address}, as far as the place runs them."""
    table = subprocess.run(["nm", GUESTS / "modes.elf"], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {m[2]: int(m[1], 16) for m in re.finditer(r"^(\w+) \w landmark_(\w+)$", table, re.M)}
    return {name: found[name] for name in LANDMARKS[:5 if place.lacks("processor") else None]}


def _through_the_modes(lldb, landmarks):
    lldb.check(lldb.connect, "stop reason = signal SIGTRAP", then=r"^Process 1 stopped")
    for address in landmarks.values():
        lldb.check(f"breakpoint set -a {address:#x}", "Breakpoint")
    for n, (name, address) in enumerate(landmarks.items()):
        lldb.check("continue", "thread #1", then=STOPPED)
        text = lldb("register read rip cs_base")
        rip, base = (int(re.search(rf"{r} = (0x\w+)", text)[1], 16) for r in ("rip", "cs_base"))
        assert rip + base == address, f"{name}: {text}"
        assert base == (0x8000 if name == "real_cs" else 0), f"{name}: {text}"
        lldb.check(f"process plugin packet monitor x/2i {address:#x}", rf"nop\s*\n.*movw +\${n}, %ax")
        lldb.check("thread step-inst", "thread #1", then=STOPPED)
        lldb.check("register read rip", f"rip = 0x{rip + 1:016x}")


def test_modes(place):
    """One session from real mode to long mode."""
    lldb = Lldb(place, "-S", guest="modes.elf")
    try:
        _through_the_modes(lldb, _landmarks(place))
        return lldb.text
    finally:
        lldb.close()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a script of tests/gdb inside real gdb against a vitrine in a place.

What the script says in its head decides how vitrine is started and what has
to be true of the guest afterwards: see tests/rigs/README.md.
"""
import os
import shlex
import signal
import subprocess

import guests
import shown
from emulators import LINUX_ARGUMENTS, die_with_parent
from packages import ROOT, kernel, program
from process import Failure, TimedOut

# Seconds for a script that says nothing else.
TIMEOUT = 600
_RUNNER = ROOT / "tests" / "gdb" / "runner.py"


def _symbols(name):
    return guests.linux_symbols() if name == "linux" else guests.path(name)


def run_script(place, path, head):
    """Returns what gdb printed; raises with everything a person needs."""
    if "vitrine" not in head:
        raise Failure(f"{path.name} has no line \"# vitrine: ARGUMENTS\"")
    timeout = int(head.get("timeout", TIMEOUT))
    arguments = head["vitrine"].replace("%linux", LINUX_ARGUMENTS)
    vitrine = place.start(shlex.split(arguments), head.get("gdb", "line"))
    try:
        output = _session(place, path, head, vitrine, timeout)
        if "after" in head:
            vitrine.expect(head["after"], timeout, after=len(vitrine.output))
        if "then" in head:
            vitrine.expect(head["then"], timeout)
        if "exit" in head:
            status = vitrine.wait(timeout)
            if status != int(head["exit"]):
                raise Failure(f"vitrine ended with status {status}, not {head['exit']}:\n"
                                f"{vitrine.tail}\ngdb:\n{output}")
        return output
    finally:
        vitrine.kill()
        vitrine.wait()


def _session(place, path, head, vitrine, timeout):
    console = place.scratch / f"{path.stem}.console"
    # Anyone's regular expression for "it is listening" comes first.
    vitrine.expect(head.get("wait", place.listening), timeout)
    environment = dict(os.environ, VITRINE_TARGET=place.gdb_target(), VITRINE_PLACE=place.name,
                       VITRINE_SCRIPT=str(path), VITRINE_CONSOLE=str(console))
    if "symbols" in head:
        environment["VITRINE_SYMBOLS"] = str(_symbols(head["symbols"]))
    with open(console, "wb", buffering=0) as copy:
        vitrine.copy_output(copy.write)
        gdb = subprocess.Popen([program("gdb"), "-batch", "-nx", "-x", _RUNNER], cwd=ROOT,
                               env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True,
                               preexec_fn=die_with_parent)
        try:
            output, _ = gdb.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(gdb.pid, signal.SIGKILL)
            output, _ = gdb.communicate()
            raise TimedOut(f"gdb did not end within {timeout} s:\n"
                           f"{output.decode(errors='replace')[-4000:]}\n"
                           f"vitrine:\n{vitrine.tail}") from None
        finally:
            if gdb.poll() is None:
                os.killpg(gdb.pid, signal.SIGKILL)
                gdb.wait()
            vitrine.stop_copy(copy.write)
    text = output.decode(errors="replace")
    if gdb.returncode:
        raise Failure(f"gdb:\n{text[-6000:]}\nvitrine:\n{vitrine.tail}")
    about = kernel().version if head.get("symbols") == "linux" else ""
    untrue = shown.check(path.stem.removeprefix("test_"), text, about)
    if untrue:
        raise Failure(f"{untrue}\ngdb:\n{text[-6000:]}")
    return text

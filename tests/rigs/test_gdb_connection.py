# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the guest when gdb is killed, of the line when another one comes, and of strangers."""
import os
import re
import signal
import socket
import subprocess
import time

from packages import BUILD, program
from process import PATIENCE

GUEST = BUILD / "guests" / "demo.elf"


def _gdb(place, *commands):
    words = [program("gdb"), "-nx", "-batch", "-ex", "set remotetimeout 60",
             "-ex", "set architecture i386:x86-64", "-ex", f"file {GUEST}",
             "-ex", f"target remote {place.gdb_target()}"]
    for command in commands:
        words += ["-ex", command]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def _ticks_on(vitrine):
    vitrine.expect("tick", after=len(vitrine.text))


def _killed(place, vitrine):
    vitrine.expect("CPUs: 2")
    first = _gdb(place, "break panic", "break write_to", "info threads", "continue")
    for line in first.stdout:
        if "vCPU1" in line:
            break
    # Without breakpoints (svm) it fails to continue, and detaches.
    _ticks_on(vitrine)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    _ticks_on(vitrine)
    second = _gdb(place, "monitor info breakpoints", "print heartbeat", "detach")
    text, _ = second.communicate(timeout=PATIENCE)
    assert re.search(r"\$1 = [1-9]", text), text
    assert "panic" not in text and "write_to" not in text, text
    _ticks_on(vitrine)
    return text


def test_killed_gdb(place):
    """A real gdb, killed while it waits for a breakpoint that is never hit; then another one."""
    vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-smp", 2])
    try:
        return _killed(place, vitrine)
    finally:
        vitrine.kill(15)
        vitrine.wait()


def _start(place, *options):
    """A vitrine that listens on a UNIX socket, which notices who comes and goes."""
    words = ["-kernel", "@demo.elf", "-m", 64, "-smp", 2, *options]
    if "-gdb" not in options:
        return place.start(words, "unix")
    return place.start(words, None)


def _connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(str(path))
    return s


def _read(s, until):
    """All that comes until @until, or "(end)" where the connection ends."""
    said = b""
    while until not in said:
        data = s.recv(4096)
        if not data:
            return said + b"(end)"
        said += data
    return said


def _talk(path, data, until):
    """One connection: sends @data, hangs up when @until has come."""
    with _connect(path) as s:
        s.sendall(data)
        return _read(s, until)


def _end(vitrine):
    vitrine.kill(15)
    vitrine.wait()


def test_http(place):
    """A browser that is sent to the port gets one line and the end; the guest does not notice."""
    vitrine = _start(place)
    try:
        vitrine.expect("tick")
        said = _talk(place.gdb_target(), b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n$vKill;1#6e",
                     until=b"(never)")
        assert said == b"vitrine: this is a GDB remote protocol port, good bye\r\n(end)", said
        _ticks_on(vitrine)
    finally:
        _end(vitrine)


def test_second(place):
    """A second debugger is told that it is one too many; a real gdb shows why."""
    vitrine = _start(place)
    try:
        vitrine.expect("tick")
        first = _connect(place.gdb_target())
        first.sendall(b"+$?#3f")
        assert b"+$T05" in _read(first, b"$T05")
        text, _ = _gdb(place).communicate(timeout=PATIENCE)
        assert "another debugger is attached" in text, text
        first.sendall(b"+$qAttached#8f")
        assert b"+$1#31" in _read(first, b"#31")
        first.close()
        _ticks_on(vitrine)
        text, _ = _gdb(place, "print heartbeat", "detach").communicate(timeout=PATIENCE)
        assert re.search(r"\$1 = [1-9]", text), text
        return text
    finally:
        _end(vitrine)


def test_reconnect(place):
    """Any number of debuggers, one after the other, by detach or by hanging up."""
    vitrine = _start(place)
    try:
        vitrine.expect("tick")
        for i in range(20 if place.name == "vmx" else 300):
            said = _talk(place.gdb_target(), b"+$QStartNoAckMode#b0+$?#3f" + (b"$D#44" if i % 2 else b""),
                         until=b"T05")
            assert b"T05" in said, f"connection {i}: {said}"
        _ticks_on(vitrine)
    finally:
        _end(vitrine)


def _over_stdio(place, policy):
    """vitrine with a debugger on its stdin and stdout that sets a breakpoint, lets the guest run and goes."""
    monitor = place.socket_path()
    vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-S", "-gdb", f"stdio,on-disconnect={policy}",
                           "-serial", "none", "-monitor", f"unix:{monitor}"], None)
    vitrine.write(b"+$QStartNoAckMode#b0+$?#3f")
    vitrine.expect(r"\$T05", 60)
    vitrine.close_stdin()
    return vitrine, monitor


def test_stdio_that_ends_quits(place):
    vitrine, _ = _over_stdio(place, "quit")
    assert vitrine.wait(60) == 0


def test_stdio_that_ends_continues(place):
    vitrine, monitor = _over_stdio(place, "continue")
    try:
        with _connect(place.reach(monitor)) as s:
            for _ in range(1000):
                s.sendall(b"info status\n")
                if b"VM status: running" in (said := _read(s, b"(vitrine) ")):
                    return
            raise AssertionError(said)
    finally:
        _end(vitrine)


def _policy(place, policy):
    """vitrine with a policy, after a debugger has come and hung up and vitrine has seen both."""
    path = place.socket_path()
    vitrine = _start(place, "-gdb", f"unix:{path},on-disconnect={policy}", "-monitor", "stdio",
                     "-serial", "none", "-d", "stop")
    try:
        vitrine.expect(place.listening)
        assert b"T05" in _talk(place.reach(path), b"+$QStartNoAckMode#b0+$?#3f", until=b"T05")
        vitrine.expect("gdb is lost")
        return vitrine
    except BaseException:
        _end(vitrine)
        raise


def _status(vitrine):
    seen = len(vitrine.output)
    vitrine.write(b"info status\n")
    return vitrine.expect(r"VM status: (\w+)", after=seen)[1].decode()


def _comes_to(vitrine, status):
    """Asks until the monitor says @status."""
    end = time.monotonic() + PATIENCE
    while (seen := _status(vitrine)) != status:
        assert time.monotonic() < end, f"{seen}, not {status}:\n{vitrine.tail}"


def test_on_disconnect_quit(place):
    assert _policy(place, "quit").wait() == 0


def test_on_disconnect_stop(place):
    """Without the policy the guest would go on: it was gdb that stopped it."""
    vitrine = _policy(place, "stop")
    try:
        assert _status(vitrine) == "paused", vitrine.tail
    finally:
        _end(vitrine)


def test_on_disconnect_continue(place):
    vitrine = _policy(place, "continue")
    try:
        _comes_to(vitrine, "running")
    finally:
        _end(vitrine)

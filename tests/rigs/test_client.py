# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm
"""`vitrine monitor`: a machine's monitor from another terminal, and from scripts."""
import os
import re
import socket
import time

from process import PATIENCE
from suites import Skip

PROMPT = r"\(vitrine\) "
QUESTION = r"--Type <RET> for more, q to quit, c to continue without paging--"


def _name(what):
    """Other tests of this machine run at the same time."""
    return f"client-{what}-{os.getpid()}"


def _machine(place, name, *options):
    vitrine = place.start(["demo", "-m", 64, "-name", name, "-serial", "none", "-gdb", "none",
                           "-monitor", f"unix:{place.socket_path()}", *options], gdb=False)
    vitrine.expect(f"monitor: vitrine monitor {name}")
    return vitrine


def _end(vitrine):
    vitrine.kill(15)
    assert vitrine.wait() == 0, vitrine.tail


def _says(place, command, status, stdout, stderr=""):
    done = place.run(f"vitrine monitor {command}")
    assert done.status == status, f"{command}: status {done.status}\n{done.text}"
    assert re.search(stdout, done.stdout.decode()), f"{command}: no {stdout!r} in\n{done.text}"
    assert re.search(stderr, done.stderr.decode()), f"{command}: no {stderr!r} in\n{done.stderr}"
    return done.stdout.decode()


def _socket_of(place, name):
    """Where the run-time directory has the machine's monitor."""
    done = place.run(f"ls -d /run/vitrine/{name}.mon $XDG_RUNTIME_DIR/vitrine/{name}.mon 2>/dev/null | head -n 1")
    return done.stdout.decode().strip()


class Terminal:
    """A person at `vitrine monitor` on a terminal of its own."""

    def __init__(self, place, name, state):
        self.process = place.spawn(["env", f"XDG_STATE_HOME={state}", "TERM=xterm", "NO_COLOR=1",
                                    "INPUTRC=/dev/null", "ptyrun", place._program("vitrine"), "monitor",
                                    name])
        self.seen = 0
        self.sees(rf"(?s)the monitor of {name} .*{PROMPT}")

    def types(self, keys, *patterns):
        self.process.write(keys.encode())
        for pattern in patterns:
            self.sees(pattern)

    def sees(self, pattern):
        self.seen = self.process.expect(pattern, PATIENCE, after=self.seen).end()

    def ends(self, status=0):
        assert self.process.wait() == status, self.process.tail
        assert "terminal: restored" in self.process.text, self.process.tail


def test_commands_for_scripts(place):
    name = _name("batch")
    vitrine = _machine(place, name)
    _says(place, f"{name} -c 'info status'", 0, r"\AVM status: running\n\Z", r"\A\Z")
    _says(place, f"-c 'info status' {name}", 0, "running")
    # One after the other, what takes time included; the breakpoints of a visit go with it.
    said = _says(place, f"{name} -c stop -c 'step 20' -c 'print 6*7'", 0, r"20 steps done\n=> ")
    assert said.endswith("0x2a  42\n"), said
    _says(place, f"{name} -c 'print 1' -c frob -c 'print 2'", 1, r"\A0x1  1\n\Z",
          r"vitrine: `frob`: no such command")
    _says(place, f"{name} -c 'wait until stopped 0.1' -c cont -c 'wait until stopped 0.1'", 1, "",
          "has not stopped|^$")
    # Whole, however long: more than a socket holds.
    said = _says(place, f"{name} -c 'xp/65536xb 0'", 0, r"0x000000000000fff0:")
    assert said.count("\n") == 4096, said.count("\n")
    done = place.run(f"printf '# a script\\nprint 3\\n\\nprint 4' | vitrine monitor {name}")
    assert (done.status, done.text) == (0, "0x3  3\n0x4  4\n"), done.text
    done = place.run(f"printf 'print 3\\nfrob\\nprint 4\\n' | vitrine monitor {name}")
    assert done.status == 1 and done.stdout == b"0x3  3\n", done.text
    _says(place, f"{name} -c 'quit 0'", 0, "")
    assert vitrine.wait() == 0, vitrine.tail


def test_which_machine(place):
    one, two = _name("one"), _name("two")
    first, second = _machine(place, one), _machine(place, two)
    listed = _says(place, "-list", 0, rf"(?m)^{one} +process \d+$")
    assert re.search(rf"(?m)^{two} +process \d+$", listed), listed
    _says(place, "-c 'info status'", 1, r"\A\Z", rf"(?s)which machine\?.*{one}.*{two}")
    _says(place, "no-such-machine", 1, r"\A\Z", rf"(?s)no machine called 'no-such-machine' runs; .*{one}")
    _says(place, "/no/such/socket", 1, r"\A\Z", "cannot reach /no/such/socket: No such file")
    _says(place, "-frob", 2, r"\A\Z", "monitor has no option -frob")
    # A name that is taken: the second one runs all the same.
    third = place.start(["demo", "-m", 64, "-name", one, "-serial", "none", "-gdb", "none"], gdb=False)
    third.expect("will not find this machine: .*in use")
    _end(third)
    _says(place, f"{one} -c 'info status'", 0, "running")
    path = _socket_of(place, one)
    _says(place, f"{path} -c 'info status'", 0, "running")
    assert place.run(f"stat -c '%F %a' {path}").text.strip() == "socket 600"
    _end(first)
    _end(second)
    assert place.run(f"test -e {path}").status == 1, "the socket is left behind"


def test_a_machine_that_was_killed(place):
    name = _name("killed")
    first = _machine(place, name)
    path = _socket_of(place, name)
    first.kill(9)
    first.wait()
    assert place.run(f"test -S {path}").status == 0, "the socket is not left behind"
    assert name not in place.run("vitrine monitor -list").text
    _says(place, f"{name} -c 'info status'", 1, r"\A\Z", f"no machine called '{name}' runs")
    _says(place, f"{path} -c 'info status'", 1, r"\A\Z", f"nobody listens at {path}: its machine has ended")
    # The name is free.
    second = _machine(place, name)
    _says(place, f"{name} -c 'info status'", 0, "running")
    _end(second)


def test_tcp(place):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = "tcp:127.0.0.1:%d" % free.getsockname()[1]
    vitrine = place.start(["demo", "-m", 64, "-serial", "none", "-gdb", "none", "-monitor", where], gdb=False)
    vitrine.expect("monitor: tcp:")
    _says(place, f"{where} -c 'info status' -c 'print 6*7'", 0, r"running\n0x2a  42\n\Z", r"\A\Z")
    _end(vitrine)
    _says(place, f"{where} -c 'info status'", 1, r"\A\Z", "nobody listens at .*: its machine has ended")
    _says(place, "tcp:frob -c 'info status'", 1, r"\A\Z", "is no address: use tcp:HOST:PORT")


def test_none_is_none(place):
    name = _name("none")
    vitrine = place.start(["demo", "-m", 64, "-name", name, "-gdb", "none", "-monitor", "none"], gdb=False)
    vitrine.expect("CPUs:")
    _says(place, f"{name} -c 'info status'", 1, r"\A\Z", "no machine called")
    _end(vitrine)


def test_a_person_at_a_terminal(place):
    name, state = _name("tty"), place.run("mktemp -d").text.strip()
    vitrine = _machine(place, name)
    t = Terminal(place, name, state)
    t.types("info statu\t\r", "VM status: running", PROMPT)
    t.types("stop\r", "stopped: paused by monitor", PROMPT)
    t.types("x/2i $ri\t\r", "x/2i \\$rip", "=> 0x", PROMPT)
    t.types("print heart\t\r", "print heartbeat", r"0xffffffff8", PROMPT)
    t.types("print )\r", r"\^", PROMPT)
    # The terminal has 30 rows.
    t.types("help\r", QUESTION)
    t.types("q", PROMPT)
    t.types("cont\r", PROMPT)
    t.types("xp/60000xb 0\r", QUESTION)
    t.types("\x03", r"\^C", PROMPT)
    t.types("info status\r", "VM status: running", PROMPT)
    t.types("frobnicate\x03", PROMPT)
    t.types("\x03", "stopped: paused by monitor", PROMPT)
    t.types("\x12info st\r", "VM status: paused", PROMPT)
    t.types("info registers\r", "rip ", PROMPT)
    t.types("step\r", "=> 0x", PROMPT)
    t.types("info registers\r", r"rip [0-9a-f]+\*", PROMPT)
    t.types("wait 1000\r")
    # It says nothing until it ends; a person does not want to wait.
    until = time.monotonic() + PATIENCE
    t.types("\x03")
    while "waiting ended" not in t.process.text:
        assert time.monotonic() < until, t.process.tail
        t.types("\x03")
        time.sleep(0.1)
    t.types("\x04")
    t.ends()
    # The next one has the history.
    t = Terminal(place, name, state)
    t.types("\x10", "wait 1000")
    t.types("\x15\x04")
    t.ends()
    place.run(f"rm -r {state}")
    _end(vitrine)


def test_two_persons_and_the_machine_s_end(place):
    if place.name != "native":
        raise Skip("the second terminal said nothing on the emulated machine; why is not known yet")
    name, state = _name("two-persons"), place.run("mktemp -d").text.strip()
    vitrine = _machine(place, name)
    a, b = Terminal(place, name, state), Terminal(place, name, state)
    # In the middle of b's line, which stays.
    b.types("print 40", "print 40")
    a.types("stop\r", "stopped: paused by monitor", PROMPT)
    b.sees("stopped: paused by monitor")
    b.sees(PROMPT + "print 40")
    b.types("+2\r", "0x2a  42", PROMPT)
    b.types("cont\r", PROMPT)
    a.sees("resumed by monitor")
    a.types("quit\r", "vitrine ends with status 0")
    b.sees("vitrine ends with status 0")
    assert vitrine.wait() == 0, vitrine.tail
    a.ends()
    b.ends()
    # One that is killed.
    vitrine = _machine(place, name)
    a, b = Terminal(place, name, state), Terminal(place, name, state)
    vitrine.kill(9)
    a.sees("the connection is lost")
    a.ends(1)
    b.ends(1)
    place.run(f"rm -r {state}")


def test_a_terminal_after_a_crash(place):
    name, state = _name("crash"), place.run("mktemp -d").text.strip()
    vitrine = _machine(place, name)
    t = Terminal(place, name, state)
    t.process.kill(10)
    t.ends(128 + 11)
    t = Terminal(place, name, state)
    t.process.kill(15)
    t.ends(128 + 15)
    place.run(f"rm -r {state}")
    _says(place, f"{name} -c 'info status'", 0, "running")
    _end(vitrine)

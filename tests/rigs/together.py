# SPDX-License-Identifier: GPL-3.0-or-later
"""gdb, two monitors and a program on one machine, each with commands at random: test_together.py.

An actor is one client. It works in a thread of its own until it is told to stop; its choices come from
a seed. Commands come from tables of (weight, what is done); each is waited for, and one that has no
answer in time ends the test. What is refused is an answer, too: others run and stop the guest meanwhile.
"""
import json
import queue
import random
import re
import socket
import threading
import time

from gdbmi import Gdb
from qmpclient import Client

CPUS = 4
# An answer that is not there by then never comes, on a machine that is busy as well.
LIMIT = 120
# Everybody's places: code that all CPUs come by, or CPU 0 at each tick. storm_target is the auditor's.
PLACES = ("mode_storm", "account_tick", "beat", "clock_tick", "timer_interrupt", "interrupt")
# RAM that nobody uses, mapped at its own address; each actor has words of its own.
SCRATCH = 0x3000000


class Actor:
    """One client. `said` has its latest commands, for who has to find out what went wrong."""

    def __init__(self, name, seed, number):
        self.name = name
        self.rng = random.Random(f"{seed}/{name}")
        self.said = []
        self.count = 0
        self._cell = SCRATCH + 64 * number
        self._value = 0

    def note(self, command):
        self.count += 1
        self.said = [*self.said[-19:], f"{time.monotonic():.3f} {command}"]

    def pick(self, table):
        row = self.rng.choices(table, [row[0] for row in table])[0]
        return row[1:]

    def fresh_value(self):
        """For the actor's own word, which nobody else writes."""
        self._value = self.rng.getrandbits(63)
        return self._value

    def work(self, until):
        while time.monotonic() < until:
            self.act()

    def act(self):
        raise NotImplementedError


# Lines of the monitor that anybody may say at any time; %n, %p, %r: a number, a place, a register.
LOOKS = (
    (4, "info status"), (4, "info cpus"), (3, "info breakpoints"), (2, "info registers"), (1, "info registers -a"),
    (2, "info registers %r"), (2, "x/8xb %p"), (2, "x/4i $pc"), (2, "xp/4xw 0x100000"), (3, "print $rip"),
    (2, "print u64(heartbeat)"), (2, "backtrace"), (1, "backtrace -a"), (1, "info pg"), (1, "info exits"),
    (1, "info lapic %n"), (1, "info irq"), (1, "gva2gpa %p"), (1, "symbol $rip"), (1, "cpu %n"), (1, "frobnicate"),
)
RUNS = (
    (8, "stop"), (16, "cont"), (4, "step"), (2, "step %n"), (2, "next-branch"), (1, "wait until stopped 0.05"),
    (1, "wait 0.01"), (1, "tbreak %p"), (2, "set %r $%r"),
)
BREAKS = ((4, "break %p"), (1, "hbreak %p"), (2, "break %p if $rdi & 1"), (1, "watch heartbeat 8"),
          (1, "watch heartbeat 8 if u64(heartbeat) & 1"))


def filled(rng, line):
    register = rng.choice(("r12", "r15", "rbx"))
    return (line.replace("%n", str(rng.randrange(CPUS))).replace("%p", rng.choice(PLACES))
            .replace("%r", register))


class Lines(Actor):
    """A monitor's commands, however they get there: say() has the answer's text."""

    MAX = 3

    def __init__(self, *args):
        super().__init__(*args)
        self.ids = []
        self._table = [*((weight, self._line, line) for weight, line in (*LOOKS, *RUNS)),
                       (6, self._break, None), (6, self._delete, None), (3, self._memory, None)]

    def say(self, line):
        raise NotImplementedError

    def act(self):
        do, line = self.pick(self._table)
        do(line)

    def _line(self, line):
        self.say(filled(self.rng, line))

    def _break(self, _):
        if len(self.ids) >= self.MAX:
            return self._delete(_)
        said = self.say(filled(self.rng, self.pick(BREAKS)[0]))
        if m := re.search(r"(?:break|watch)point (\d+) ", said):
            self.ids.append(int(m[1]))

    def _delete(self, _):
        if self.ids:
            number = self.ids.pop(self.rng.randrange(len(self.ids)))
            said = self.say(f"delete {number}")
            assert "error" not in said, f"{self.name}: delete {number} says {said}"

    def _memory(self, _):
        value = self.fresh_value()
        self.say(f"write {self._cell:#x} " + " ".join(f"{b:#x}" for b in value.to_bytes(8, "little")))
        said = self.say(f"print u64({self._cell:#x})")
        assert f"{value:#x}  {value}" in said, f"{self.name}: wrote {value:#x}, reads {said}"


class Console(Lines):
    """A monitor on a socket, plain lines. `news` is what it was told between its commands."""

    def __init__(self, seed, path):
        super().__init__("console", seed, 0)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT)
        self._socket.connect(path)
        self._mark = 0x5eed0000
        self._text = ""
        self.stopped = None  # the last line that told of a stop
        self.say("info version")

    def say(self, line):
        """What came until the answer to the next command: news too, which have no place of their own."""
        self.note(line)
        self._mark += 1
        self._socket.sendall(f"{line}\nprint {self._mark:#x}\n".encode())
        end = f"{self._mark:#x}  {self._mark}\n"
        while end not in self._text:
            try:
                got = self._socket.recv(65536)
            except TimeoutError:
                got = b""
            assert got, f"no answer to {line}, but {self._text!r}"
            self._text += got.decode()
        said, self._text = self._text.split(end, 1)
        for line in said.splitlines():
            if m := re.match(r"(?:\(vitrine\) )*stopped: (.*)", line):
                self.stopped = m[1]
        return said


class Visits(Lines):
    """`vitrine monitor NAME`, again and again. Breakpoints go with each visit."""

    def __init__(self, seed, place, machine):
        super().__init__("visits", seed, 1)
        self._place = place
        self._machine = machine
        self._rest = []

    def act(self):
        """A few lines a visit; the first that fails ends it."""
        self._rest = []
        for _ in range(self.rng.randrange(1, 4)):
            self._rest.append(filled(self.rng, self.pick((*LOOKS, *RUNS, *BREAKS))[0]))
        self.visit(self._rest)

    def visit(self, lines):
        self.note("; ".join(lines))
        words = " ".join(f"-c '{line}'" for line in lines)
        done = self._place.run(f"exec vitrine monitor {self._machine} {words}")
        assert done.status in (0, 1), f"{lines}: status {done.status}\n{done.text}"
        assert "lost" not in done.stderr.decode(), f"{lines}: {done.text}"
        return done.stdout.decode()

    def say(self, line):
        return self.visit([line])


class Qmp(Lines):
    """The machine interface. A thread reads, so that no event is dropped; `events` are all that came."""

    def __init__(self, seed, place, path, name="qmp", number=2):
        super().__init__(name, seed, number)
        self._client = Client(place, path)
        self._answers = queue.Queue()
        self.events = []
        threading.Thread(target=self._read, daemon=True).start()
        self.ask("qmp_capabilities")
        self._table += [(8, self._execute, "stop"), (16, self._execute, "cont"), (4, self._execute, "query-status"),
                        (3, self._execute, "query-cpus-fast"), (2, self._execute, "query-commands"),
                        *((weight, self._human, line) for weight, line in LOOKS)]

    def _read(self):
        try:
            while True:
                message = json.loads(self._client.line())
                if "event" in message:
                    self.events.append(message)
                else:
                    self._answers.put(message)
        except (AssertionError, OSError, ValueError) as e:
            self._answers.put({"gone": str(e)})

    def ask(self, command, **arguments):
        self.note(f"{command} {arguments or ''}")
        self._client.send({"execute": command, "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}})
        answer = self._answers.get(timeout=LIMIT)
        assert "gone" not in answer, f"{self.name}: {answer['gone']}"
        return answer

    def say(self, line):
        answer = self.ask("vitrine-command", line=line)
        return answer["return"]["output"] if "return" in answer else "error: " + answer["error"]["desc"]

    def data(self, line):
        return self.ask("vitrine-command", line=line)["return"]["data"]

    def _execute(self, command):
        self.ask(command)

    def _human(self, line):
        self.ask("human-monitor-command", command_line=filled(self.rng, line))

    def running(self):
        return self.ask("query-status")["return"]["running"]

    def seen(self, start=0):
        """What happened, without the times."""
        return [(e["event"], e.get("data")) for e in self.events[start:]]


class Debugger(Actor):
    """gdb. It comes again now and then, in one of its two modes."""

    def __init__(self, seed, program, target):
        super().__init__("gdb", seed, 3)
        self._target = target
        self._breaks = []
        self.non_stop = False
        self.gdb = Gdb("set mi-async on", f"file {program}")
        self.attach()
        self._anytime = ((2, "-thread-info"), (1, "-break-list"), (1, "-break-insert -t beat"),
                         *((weight / 4, f"monitor {line}") for weight, line in (*LOOKS, *RUNS)))
        # Not -exec-next and -exec-step, which gdb 13 does not survive when others run the guest (docs/gdb.md).
        self._standing = ((16, self._go, "-exec-continue"), (6, self._go, "-exec-step-instruction"),
                          (3, self._go, "-exec-next-instruction"),
                          (2, self._say, "-data-list-register-values x"), (2, self._say, "-stack-list-frames"),
                          (2, self._say, "-data-read-memory-bytes $pc 16"), (2, self._memory, None),
                          (6, self._break, None), (4, self._unbreak, None), (1, self._again, None),
                          (6, self._any, None))
        self._running = ((6, self._interrupt, None), (8, self._listen, None), (4, self._any, None))

    def attach(self):
        self.note(f"attach, non-stop {self.non_stop}")
        self.gdb.running.clear()
        self.gdb.do(f"-gdb-set non-stop {'on' if self.non_stop else 'off'}")
        self.gdb.do(f"-target-select remote {self._target}")
        # In non-stop mode others may have let the guest run before gdb asked who stands.
        if not self.non_stop:
            self.gdb.wait_stopped(1)

    def detach(self):
        self.note("detach")
        self.gdb.ask("-break-delete")
        self._breaks = []
        self.gdb.do("-target-detach")
        self.gdb.running.clear()

    def stands(self):
        return not any(self.gdb.running.values())

    def look(self):
        """Whether all stand, as gdb has it: it does not say so of a thread that it finds while it connects."""
        self.gdb.listen()
        if not self.stands():
            said = self.gdb.ask("-thread-info")
            self.gdb.running.update((int(n), state == "running") for n, state in re.findall(
                r'{id="(\d+)",.*?,state="(\w+)"', said))
        return self.stands()

    def act(self):
        self.gdb.listen()
        do, what = self.pick(self._standing if self.stands() else self._running)
        do(what)

    def _say(self, command):
        self.note(command)
        return self.gdb.ask(command)

    def _any(self, _):
        self._say(filled(self.rng, self.pick(self._anytime)[0]))

    def _thread(self):
        return f"--thread {self.rng.randrange(CPUS) + 1}"

    def _go(self, command):
        self._say(f"{command} {self._thread()}")
        if "step" in command or "next" in command:
            self.gdb.listen(0.05)

    def _break(self, _):
        if len(self._breaks) >= 3:
            return self._unbreak(_)
        kind = self.rng.choice(("", "", "-h ", '-c "$rdi & 1" '))
        if m := re.search(r'bkpt={number="(\d+)"', self._say(f"-break-insert {kind}{self.rng.choice(PLACES)}")):
            self._breaks.append(m[1])

    def _unbreak(self, _):
        if self._breaks:
            self._say(f"-break-delete {self._breaks.pop(self.rng.randrange(len(self._breaks)))}")

    def _memory(self, _):
        value = self.fresh_value().to_bytes(8, "little").hex()
        if "^done" in self._say(f'-data-write-memory-bytes {self._cell:#x} "{value}"'):
            said = self._say(f"-data-read-memory-bytes {self._cell:#x} 8")
            assert "^error" in said or value in said, f"gdb wrote {value} and reads {said}"

    def _interrupt(self, _):
        self._say("-exec-interrupt --all" if self.non_stop else "-exec-interrupt")
        self.gdb.listen(0.05)

    def _listen(self, _):
        self.gdb.listen(0.05)

    def _again(self, _):
        self.detach()
        self.non_stop = self.rng.random() < 0.4
        self.attach()

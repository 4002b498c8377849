# SPDX-License-Identifier: GPL-3.0-or-later
"""What test scripts inside gdb share: connecting, asking, asserting."""
import os
import re
import signal
import subprocess
import tempfile

import gdb

TARGET = os.environ["VITRINE_TARGET"]
PLACE = os.environ["VITRINE_PLACE"]
CONSOLE = os.environ["VITRINE_CONSOLE"]


def run(command, from_tty=False):
    """Executes a gdb command; shows and returns what it prints."""
    print(f"(gdb) {command}", flush=True)
    text = gdb.execute(command, from_tty=from_tty, to_string=True)
    print(text, end="", flush=True)
    return text


def typed(command):
    """The same with what gdb says to a person only."""
    return run(command, from_tty=True)


def block(command, *lines):
    """A command that reads lines up to `end`, shown as to a person. It reads them from files only."""
    print("\n".join([f"(gdb) {command}", *(f">{line}" for line in lines), ">end"]), flush=True)
    with tempfile.NamedTemporaryFile("w") as script:
        script.write("\n".join([command, *lines, "end", ""]))
        script.flush()
        text = gdb.execute(f"source {script.name}", to_string=True)
    print(text, end="", flush=True)
    return text


def connect(execute=run):
    execute(f"target remote {TARGET}")


def value(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})")) & (1 << 64) - 1


def pc():
    return value("$pc")


def address(symbol):
    return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}")) & (1 << 64) - 1


def function():
    """The name of the function that the selected frame is in, by its symbol."""
    m = re.match(r"(\S+?)(?: \+ \d+)? in section", gdb.execute("info symbol $pc", to_string=True))
    return m[1] if m else None


def check(truth, message):
    if not truth:
        raise AssertionError(message)


def check_equal(got, expected, what):
    if got != expected:
        shown = [hex(v) if isinstance(v, int) else repr(v) for v in (got, expected)]
        raise AssertionError(f"{what}: {shown[0]}, expected {shown[1]}")


def check_match(pattern, text, what):
    if not re.search(pattern, text, re.M):
        raise AssertionError(f"{what}: no {pattern!r} in:\n{text}")


# When gdb has let the guest run, waits until the file matches, then interrupts gdb as a person's Ctrl-C
# does. gdb says so just before it sends the packet, and for each part of a command: it is given a moment.
_INTERRUPTER = """
import os, re, sys, time
path, pattern, pid, limit = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3]), float(sys.argv[4])
if not os.read(0, 1):
    sys.exit()
end = time.monotonic() + limit
time.sleep(0.5)
while time.monotonic() < end:
    with open(path, 'rb') as f:
        if re.search(pattern, f.read()):
            break
    time.sleep(0.2)
os.kill(pid, 2)
"""


def continue_until_interrupted(pattern=".?", limit=120, command="continue"):
    """Lets the guest run until its console shows @pattern (for @limit seconds at most), then Ctrl-C.

    Returns the name of the signal that gdb stopped for, None for another stop.
    """
    signals = []

    def stopped(event):
        signals.append(getattr(event, "stop_signal", None))

    def resumed(_):
        if not helper.stdin.closed:
            helper.stdin.write(b"x")
            helper.stdin.close()

    gdb.events.stop.connect(stopped)
    helper = subprocess.Popen(["python3", "-c", _INTERRUPTER, CONSOLE, pattern,
                               str(os.getpid()), str(limit)], stdin=subprocess.PIPE)
    gdb.events.cont.connect(resumed)
    try:
        run(command)
        return signals[-1] if signals else None
    finally:
        gdb.events.cont.disconnect(resumed)
        gdb.events.stop.disconnect(stopped)
        helper.send_signal(signal.SIGKILL)
        helper.wait()

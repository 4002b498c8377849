#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
`make demo`: vitrine's main job, shown from start to end.

Starts `vitrine demo -S`, pastes the gdb command line that it prints, with
demo_session.py to drive gdb, lets the guest run on and report, and ends it
from the monitor's socket. Exit status 0 when all of it worked.

usage: demo_show.py build/vitrine
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 180  # seconds for one thing to happen, on the slowest of hosts


def say(text):
    print(f"\033[1m== {text}\033[0m", flush=True)


class Output:
    """The lines of a process as they come, for whoever waits for one of them."""

    def __init__(self, stream):
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.rstrip())
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, wanted, start=0, count=1):
        """The first `count` lines from number `start` on that contain `wanted`; None: no such."""

        def found():
            return [line for line in self.lines[start:] if wanted in line][:count]

        with self.changed:
            self.changed.wait_for(lambda: len(found()) == count or self.ended, PATIENCE)
            return found() if len(found()) == count else None


class Failure(Exception):
    pass


def guest_command(program, directory):
    return [
        program, "demo", "-S", "-smp", "2",
        "-name", f"show-{os.getpid()}",
        "-gdb", f"unix:{directory}/gdb.sock",
        "-monitor", f"unix:{directory}/monitor.sock",
        "-serial", f"file:{directory}/console",
    ]


def run_gdb(pasted):
    """What the person would type, and the script instead of the person."""
    words = shlex.split(pasted)
    target = words[words.index("-ex") + 1].split()[-1]
    command = [
        "gdb", "-nx", "-batch", "-q",
        "-ex", f"python target = {target!r}",
        "-x", os.path.join(HERE, "demo_session.py"),
        words[1],
    ]
    if subprocess.run(command, timeout=PATIENCE, check=False).returncode:
        raise Failure("the session in gdb failed")


def watch_console(path):
    """Shows what the guest reports after gdb has gone: it runs."""
    with subprocess.Popen(["tail", "-n", "+1", "-F", path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as tail:
        lines = Output(tail.stdout).wait_for("tick ", count=2)
        tail.terminate()
    if not lines:
        raise Failure("the guest does not run on after gdb has detached")
    for line in lines:
        print(f"      {line}")


def end_by_monitor(path):
    say("The end, from the monitor's socket")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(path)
        s.sendall(b"info status\nquit\n")
        try:
            while data := s.recv(4096):
                sys.stdout.write(data.decode(errors="replace").replace("\r", ""))
        except ConnectionResetError:
            pass
    print(flush=True)


def show(program, directory):
    command = guest_command(program, directory)
    say("A guest that waits at its first instruction")
    print("$ " + shlex.join(command), flush=True)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as vitrine:
        output = Output(vitrine.stdout)
        try:
            pasted = output.wait_for("target remote")
            for line in output.lines:
                print(f"      {line}")
            if not pasted:
                raise Failure("vitrine did not start")
            print(f"$ {pasted[0].strip()}", flush=True)
            run_gdb(pasted[0].strip())
            watch_console(f"{directory}/console")
            end_by_monitor(f"{directory}/monitor.sock")
            if vitrine.wait(PATIENCE):
                raise Failure(f"vitrine ended with status {vitrine.returncode}")
        finally:
            if vitrine.poll() is None:
                vitrine.send_signal(signal.SIGTERM)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip().splitlines()[-1])
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vitrine-demo-") as directory:
        try:
            show(sys.argv[1], directory)
        except (Failure, OSError, subprocess.TimeoutExpired) as e:
            sys.exit(f"demo: {e}")
    say(f"Done in {time.monotonic() - begin:.0f} seconds. For yourself: {sys.argv[1]} demo")


if __name__ == "__main__":
    main()

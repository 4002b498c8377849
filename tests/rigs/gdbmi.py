# SPDX-License-Identifier: GPL-3.0-or-later
"""A real gdb driven through its machine interface: what runs in the background is heard of at once.

A script inside gdb hears of a stop only while it waits for one itself.
"""
import queue
import re
import subprocess
import threading
import time

from packages import program
from process import PATIENCE


class Gdb:
    def __init__(self, *commands):
        self._gdb = subprocess.Popen([program("gdb"), "-nx", "-q", "-i=mi2"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)
        self.log = []
        self.running = {}  # {thread: whether it is, as gdb says}
        self._lines = queue.Queue()
        self._token = 0
        threading.Thread(target=self._read, daemon=True).start()
        for command in ("set confirm off", "set pagination off", "set remotetimeout 60",
                        "set architecture i386:x86-64", *commands):
            self.do(command)

    def _read(self):
        for line in self._gdb.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _next(self, timeout):
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("gdb says nothing more:\n" + "\n".join(self.log[-40:])) from None
        assert line is not None, "gdb has ended:\n" + "\n".join(self.log[-40:])
        self.log.append(line)
        self._note(line)
        return line

    def _note(self, line):
        if line.startswith("*running"):
            who = re.search(r'thread-id="(\w+)"', line)[1]
            self._set_running(list(self.running) if who == "all" else [who])
        elif line.startswith("*stopped"):
            who = re.search(r'stopped-threads=("all"|\[.*?\])', line)[1]
            for t in list(self.running) if who == '"all"' else re.findall(r'"(\d+)"', who):
                self.running[int(t)] = False
        elif re.match(r'\d+\^error,msg="Command aborted', line):
            # It said ^running, and then could not insert its breakpoints.
            self.running = dict.fromkeys(self.running, False)
        elif line.startswith("=thread-created"):
            self.running.setdefault(int(re.search(r'id="(\d+)"', line)[1]), True)

    def _set_running(self, threads):
        self.running.update((int(t), True) for t in threads)

    def do(self, command, timeout=PATIENCE):
        """Executes an MI command, or one of the console; the result record, or an AssertionError."""
        line = self.ask(command, timeout)
        assert "^error" not in line, f"{command}: {line}"
        return line

    def ask(self, command, timeout=PATIENCE):
        """The same; a refusal is a result, too."""
        self._token += 1
        if not command.startswith("-"):
            command = f'-interpreter-exec console "{command}"'
        self._gdb.stdin.write(f"{self._token}{command}\n")
        self._gdb.stdin.flush()
        while True:
            line = self._next(timeout)
            if line.startswith(f"{self._token}^"):
                if "^running" in line:
                    self._set_running(re.findall(r"--thread (\d+)", command) or list(self.running))
                return line

    def listen(self, seconds=0):
        """Hears what has come, and what comes within @seconds."""
        end = time.monotonic() + seconds
        while True:
            try:
                self._next(max(0, end - time.monotonic()))
            except TimeoutError:
                return

    def wait_stopped(self, *threads, timeout=PATIENCE):
        """Until all of @threads are; the record of the first one's stop."""
        while any(self.running.get(t, True) for t in threads):
            self._next(timeout)
        mine = f'thread-id="{threads[0]}"'
        return next((x for x in reversed(self.log) if x.startswith("*stopped") and mine in x), "")

    def value(self, expression, thread):
        line = self.do(f'-data-evaluate-expression --thread {thread} "(unsigned long)({expression})"')
        return int(re.search(r'value="(\d+)', line)[1])

    def close(self):
        self._gdb.kill()
        self._gdb.wait()

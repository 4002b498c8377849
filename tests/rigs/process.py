# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that runs in a place, seen from the test: the same on every place."""
import re
import threading


# Seconds for what is sure to happen, on an emulated machine beside another load.
PATIENCE = 300


class Failure(Exception):
    """A test did not find what it should; the text says what."""


class PlaceDied(Exception):
    """The machine that a place runs on is gone; the text is its console's end."""


class TimedOut(TimeoutError):
    pass


class Process:
    """Output is collected as it comes; waiting is for an event, never a poll.

    Attributes: output (standard output and error as bytes, in the order they
    came), stdout, stderr, status (None while it runs; 128 + signal as shells
    have it).
    """

    def __init__(self, title):
        self.title = title
        self.output = b""
        self.stdout = b""
        self.stderr = b""
        self.status = None
        self._dead = None
        self._changed = threading.Condition()
        self._copies = []

    # What the carrier of the output calls, from its own thread.

    def feed(self, data, is_stderr=False):
        with self._changed:
            self.output += data
            if is_stderr:
                self.stderr += data
            else:
                self.stdout += data
            for copy, stdout_only in self._copies:
                if not (stdout_only and is_stderr):
                    copy(data)
            self._changed.notify_all()

    def finish(self, status):
        with self._changed:
            if self.status is None:
                self.status = status
            self._changed.notify_all()

    def place_died(self, why):
        with self._changed:
            self._dead = why
            self._changed.notify_all()

    # What a test calls.

    def copy_output(self, sink):
        """@sink(bytes) gets all output so far and all that comes."""
        with self._changed:
            sink(self.output)
            self._copies.append((sink, False))

    def copy_stdout(self, sink):
        """The same of standard output alone."""
        with self._changed:
            sink(self.stdout)
            self._copies.append((sink, True))

    def stop_copy(self, sink):
        with self._changed:
            self._copies = [c for c in self._copies if c[0] != sink]

    def _wait(self, predicate, timeout, what):
        with self._changed:
            self._changed.wait_for(lambda: self._dead or predicate(), timeout)
            if predicate():
                return
            if self._dead:
                raise PlaceDied(f"{self.title}: {self._dead}")
            raise TimedOut(f"{self.title}: no {what} within {timeout} s; its output:\n{self.tail}")

    def wait(self, timeout=PATIENCE):
        """The exit status."""
        self._wait(lambda: self.status is not None, timeout, "end")
        return self.status

    def expect(self, pattern, timeout=PATIENCE, after=0):
        """Waits for the regular expression in the output; returns the match."""
        found = []

        def look():
            m = re.compile(pattern.encode(), re.M).search(self.output, after)
            found[:] = [m] if m else []
            return bool(m) or self.status is not None

        self._wait(look, timeout, f"match of {pattern!r}")
        if not found:
            raise TimedOut(f"{self.title}: ended with status {self.status} before "
                           f"{pattern!r}; its output:\n{self.tail}")
        return found[0]

    def expect_bytes(self, count, timeout=PATIENCE):
        """Waits until that many bytes have come."""
        self._wait(lambda: len(self.output) >= count, timeout, f"output of {count} bytes")

    @property
    def text(self):
        return self.output.decode(errors="replace")

    @property
    def tail(self):
        """The end of the output, for a person."""
        return self.text[-4000:]

    def write(self, data):
        raise NotImplementedError

    def close_stdin(self):
        raise NotImplementedError

    def kill(self, signal=9):
        raise NotImplementedError

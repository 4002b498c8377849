# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""The sessions of pages that begin with "$ vitrine …": docs/cookbook.md on the guest tests/guests/trouble.

The options are those of the page, the guest's console is a file. When the page's lines of console
output are there, the commands are typed; each has to say what the page shows.
"""
import pathlib
import re
import time

import shown
from process import PATIENCE

PROMPT = "(vitrine) "


class Session:
    def __init__(self, place, words):
        # Each word is one of the page's; the guests are the build's.
        words = ["@" + word if word.endswith(".elf") else word for word in words]
        self._console = pathlib.Path(place.scratch) / f"console-{time.monotonic_ns()}"
        self._vitrine = place.start([*words, "-serial", f"file:{self._console}", "-monitor", "stdio",
                                     "-gdb", "none"], gdb=False)
        self._mark = 0x5eed0000
        self._seen = self._vitrine.expect("Ctrl-A x quits", PATIENCE).end()
        self.types("info version", False)

    def waits_for(self, lines):
        """Until the guest has printed @lines, others between them or not."""
        if not lines:
            return
        pattern = re.compile(r"\n(.*\n)*?".join(re.escape(line) for line in lines if line != "..."))
        until = time.monotonic() + PATIENCE
        while True:
            said = self._console.read_text(errors="replace") if self._console.exists() else ""
            if pattern.search(said):
                return
            assert time.monotonic() < until, f"the guest's console does not show {lines}, but\n{said}"
            time.sleep(0.05)

    def types(self, command, stops):
        """The lines that come. @stops: a stop belongs to them, which may take its time."""
        self._vitrine.write(command.encode() + b"\n")
        if stops:
            self._vitrine.expect(r"stopped: .*\n", PATIENCE, after=self._seen)
        # An event brings a prompt of its own: the answer to a mark is where a command's output ends.
        self._mark += 1
        self._vitrine.write(b"print 0x%x\n" % self._mark)
        match = self._vitrine.expect(rf"0x{self._mark:x}  {self._mark}\r?\n", PATIENCE, after=self._seen)
        text = self._vitrine.output[self._seen:match.start()].decode(errors="replace").replace(PROMPT, "")
        self._seen = match.end()
        return [line for line in text.splitlines() if line.strip()]

    def quit(self):
        self._vitrine.write(b"quit\n")
        assert self._vitrine.wait() == 0, self._vitrine.tail


def _does(place, where, options, console, session):
    m = Session(place, options)
    m.waits_for(console)
    until = time.monotonic() + PATIENCE
    at, stop = 0, next((i for i, (command, _) in enumerate(session) if command == "stop"), None)
    while at < len(session):
        command, expected = session[at]
        said = m.types(command, any(line.startswith("stopped: ") for line in expected))
        if shown.same(expected, said):
            at += 1
            continue
        # A loop was stopped elsewhere than on the page, where another look is as good.
        assert stop is not None and at >= stop and time.monotonic() < until, \
            f"{where}: {command} says\n" + "\n".join(said)
        m.types("cont", False)
        at = stop
    m.quit()


def test_recipes(place):
    done = 0
    for page in shown.pages():
        text = page.read_text()
        for name, (options, console) in shown.started(text).items():
            _does(place, f"{page.name}, {name}", options, console, shown.monitor_sessions(text)[name])
            done += 1
    assert done, "no page has one"
    return f"{done} sessions"

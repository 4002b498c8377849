# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the machine interface."""
import array
import json
import socket

from process import PATIENCE


class Client:
    def __init__(self, place, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(place.reach(path))
        self._file = self._socket.makefile("rb")
        self.events = []
        self.greeting = self.line()

    def line(self):
        line = self._file.readline()
        assert line.endswith(b"\r\n"), f"the connection ended: {line}"
        return line.decode()

    def send(self, request, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self._socket.sendmsg([json.dumps(request).encode()], rights)

    def answer(self):
        """The next line that is no event; events are kept."""
        while True:
            line = self.line()
            if '"event"' not in line:
                return line
            self.events.append(json.loads(line))

    def execute(self, name, /, **arguments):
        self.send({"execute": name, "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}})
        return json.loads(self.answer())

    def monitor(self, line):
        """A line of the monitor: its text and data, or an error."""
        return self.execute("vitrine-command", line=line)

    def human(self, line):
        return self.execute("human-monitor-command", command_line=line)["return"]

    def event(self, name):
        """The oldest event of that name that was not asked for yet; waits for it."""
        while True:
            for i, event in enumerate(self.events):
                if event["event"] == name:
                    return self.events.pop(i)
            self.events.append(json.loads(self.line()))

    def close(self):
        self._file.close()
        self._socket.close()

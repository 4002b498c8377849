# SPDX-License-Identifier: GPL-3.0-or-later
"""A monitor of a vitrine in a place, on a UNIX socket."""
import socket

# Seconds for an answer, where a boot of Linux takes a minute.
_LIMIT = 1800


class Console:
    """Commands to a monitor's socket; each returns its output."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_LIMIT)
        self._socket.connect(path)
        self._read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _read(self):
        text = b""
        while not text.endswith(b"(vitrine) "):
            got = self._socket.recv(65536)
            assert got, f"the monitor is gone after {text!r}"
            text += got
        return text.decode()

    def send(self, command):
        self._socket.sendall(command.encode() + b"\n")

    def __call__(self, command):
        self.send(command)
        return self._read()

# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the GDB protocol for scenarios: what gdb itself would hide."""
import socket

from process import PATIENCE


class ProtocolError(Exception):
    pass


def escape(data):
    out = bytearray()
    for byte in data:
        if byte in b"#$}*":
            out += bytes((0x7d, byte ^ 0x20))
        else:
            out.append(byte)
    return bytes(out)


def _unescape(data):
    out = bytearray()
    i = 0
    while i < len(data):
        if data[i] == 0x7d:
            i += 1
            out.append(data[i] ^ 0x20)
        elif data[i] == 0x2a:
            i += 1
            out += out[-1:] * (data[i] - 29)
        else:
            out.append(data[i])
        i += 1
    return bytes(out)


class Rsp:
    """A connection without acknowledgements. Replies come unescaped and with their runs expanded."""

    def __init__(self, path, timeout=PATIENCE):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(path)
        self._buffer = b""
        self.supported = self.ask("qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+").decode()
        if self.ask("QStartNoAckMode") != b"OK":
            raise ProtocolError("no QStartNoAckMode")

    def close(self):
        self._socket.close()

    def send(self, payload):
        payload = payload.encode() if isinstance(payload, str) else payload
        self._socket.sendall(b"$%s#%02x" % (payload, sum(payload) & 0xff))

    def interrupt(self):
        self._socket.sendall(b"\x03")

    def receive(self):
        """The next packet's payload."""
        while True:
            start = self._buffer.find(b"$")
            end = self._buffer.find(b"#", start) if start >= 0 else -1
            if end >= 0 and len(self._buffer) >= end + 3:
                payload, told = self._buffer[start + 1:end], self._buffer[end + 1:end + 3]
                self._buffer = self._buffer[end + 3:]
                if int(told, 16) != sum(payload) & 0xff:
                    raise ProtocolError(f"wrong checksum of {payload!r}")
                return _unescape(payload)
            data = self._socket.recv(65536)
            if not data:
                raise ProtocolError("the stub closed the connection")
            self._buffer += data

    def ask(self, payload):
        self.send(payload)
        return self.receive()

    def stop(self):
        """Waits for a stop reply; what is printed before it is skipped."""
        while (reply := self.receive())[:1] == b"O":
            pass
        if reply[:1] not in (b"T", b"S"):
            raise ProtocolError(f"not a stop reply: {reply!r}")
        return reply.decode()

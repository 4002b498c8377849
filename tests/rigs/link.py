# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's end of the serial line to tests/rigs/agent.c, where the frames are described."""
import os
import struct
import threading
import zlib

from process import PlaceDied, Process

_MAGIC = b"\xf5\x5f"
_HEADER = struct.Struct("<2scHHB")
_MAX_PAYLOAD = 4096
_CHUNK = 1024
# A frame is sent again after so many seconds, this often. Emulation can be slow; it is never that slow.
_RESEND_AFTER = 5
_RESENDS = 60


def pack_frame(kind, ident, payload=b"", seq=0):
    body = _HEADER.pack(_MAGIC, kind, ident, len(payload), seq)[2:] + payload
    return _MAGIC + body + struct.pack("<I", zlib.crc32(body))


def split_frames(buffer):
    """(frames, text between them, what is left over) of the bytes received so far."""
    frames, text = [], bytearray()
    while True:
        start = buffer.find(_MAGIC)
        if start < 0:
            # The last byte may be the first half of a magic.
            keep = 1 if buffer.endswith(_MAGIC[:1]) else 0
            text += buffer[:len(buffer) - keep]
            return frames, bytes(text), buffer[len(buffer) - keep:]
        text += buffer[:start]
        buffer = buffer[start:]
        if len(buffer) < _HEADER.size:
            return frames, bytes(text), buffer
        _, kind, ident, length, _seq = _HEADER.unpack_from(buffer)
        end = _HEADER.size + length + 4
        if length <= _MAX_PAYLOAD:
            if len(buffer) < end:
                return frames, bytes(text), buffer
            body, crc = buffer[2:end - 4], buffer[end - 4:end]
            if struct.pack("<I", zlib.crc32(body)) == crc:
                frames.append((kind, ident, buffer[_HEADER.size:end - 4]))
                buffer = buffer[end:]
                continue
        text += buffer[:1]
        buffer = buffer[1:]


class RemoteProcess(Process):
    def __init__(self, link, ident, title):
        super().__init__(title)
        self._link = link
        self._ident = ident

    def write(self, data):
        for at in range(0, len(data), _CHUNK):
            self._link.send(b"I", self._ident, data[at:at + _CHUNK])

    def close_stdin(self):
        self._link.send(b"I", self._ident)

    def kill(self, signal=9):
        if self.status is None:
            self._link.send(b"K", self._ident, bytes([signal]))


class Link:
    """Owns @fd, the host's end of the line; a thread reads it until it closes."""

    def __init__(self, fd):
        self._fd = fd
        self._write_lock = threading.Lock()
        self._changed = threading.Condition()
        self._processes = {}
        self._next = 1
        self._seq = 0
        self._acknowledged = 0
        self._ready = False
        self._dead = False
        self._console = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def console(self):
        """What the outer kernel printed."""
        with self._changed:
            return self._console.decode(errors="replace")

    def wait_ready(self, timeout):
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._dead, timeout)
            if self._ready:
                return
        why = "ended" if self._dead else f"did not come up within {timeout} s"
        raise PlaceDied(f"the rig {why}; its console:\n{self.console[-4000:]}")

    def send(self, kind, ident, payload=b""):
        with self._write_lock:
            self._seq = self._seq % 0xff + 1
            frame = pack_frame(kind, ident, payload, self._seq)
            for _ in range(_RESENDS):
                data = frame
                try:
                    while data:
                        data = data[os.write(self._fd, data):]
                except OSError:
                    self._die()
                with self._changed:
                    if self._changed.wait_for(lambda: self._dead or self._acknowledged == self._seq,
                                              _RESEND_AFTER):
                        return
            self._die()

    def start(self, argv, title=None):
        payload = b"".join(os.fsencode(str(a)) + b"\0" for a in argv)
        if len(payload) > _MAX_PAYLOAD:
            raise ValueError("command line too long for a rig")
        with self._changed:
            ident = self._next
            self._next = self._next % 0xffff + 1
            process = RemoteProcess(self, ident, title or str(argv[0]))
            self._processes[ident] = process
            dead = self._dead
        self.send(b"S", ident, payload)
        if dead:
            process.place_died("the rig has ended")
        return process

    def died(self):
        """Called when the emulator is known to have ended."""
        self._die()

    def _read(self):
        buffer = b""
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                data = b""
            if not data:
                self._die()
                return
            frames, text, buffer = split_frames(buffer + data)
            with self._changed:
                self._console += text
            for frame in frames:
                self._dispatch(*frame)

    def _dispatch(self, kind, ident, payload):
        if kind == b"R":
            with self._changed:
                self._ready = True
                self._changed.notify_all()
            return
        if kind == b"A":
            with self._changed:
                self._acknowledged = ident
                self._changed.notify_all()
            return
        if kind == b"N":
            with self._changed:
                self._console += b"\n[the rig received a damaged frame]\n"
            return
        with self._changed:
            process = self._processes.get(ident)
            if kind == b"X":
                self._processes.pop(ident, None)
        if process and kind in (b"O", b"E"):
            process.feed(payload, kind == b"E")
        elif process and kind == b"X":
            process.finish(payload[0])

    def _die(self):
        with self._changed:
            self._dead = True
            processes = list(self._processes.values())
            self._changed.notify_all()
        for process in processes:
            process.place_died(f"the rig ended; its console:\n{self.console[-4000:]}")



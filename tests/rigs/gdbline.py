# SPDX-License-Identifier: GPL-3.0-or-later
"""A UNIX socket that stands for the serial line on which a rig's stub listens.

gdb sessions come and go; the line behind them stays. One session at a time: a
second one waits in the listen queue until the first has closed.
"""
import os
import selectors
import socket
import threading


class GdbLine:
    def __init__(self, fd, path):
        """Owns @fd, the line; listens on @path until close()."""
        self.path = path
        self._fd = fd
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(4)
        self._stop_r, self._stop_w = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        os.write(self._stop_w, b"x")
        self._thread.join(10)
        self._listener.close()
        for fd in (self._stop_r, self._stop_w):
            os.close(fd)

    def _serve(self):
        client = None
        with selectors.DefaultSelector() as sel:
            sel.register(self._stop_r, selectors.EVENT_READ)
            sel.register(self._fd, selectors.EVENT_READ)
            sel.register(self._listener, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in sel.select()}
                if self._stop_r in ready:
                    if client:
                        client.close()
                    return
                if self._fd in ready and not self._to_client(client):
                    sel.unregister(self._fd)
                if client in ready and not self._to_line(client):
                    sel.unregister(client)
                    client.close()
                    client = None
                    sel.register(self._listener, selectors.EVENT_READ)
                if self._listener in ready and not client:
                    client, _ = self._listener.accept()
                    sel.register(client, selectors.EVENT_READ)
                    sel.unregister(self._listener)

    def _to_client(self, client):
        """False when the line is gone. What nobody listens to is dropped."""
        try:
            data = os.read(self._fd, 4096)
        except OSError:
            data = b""
        if client and data:
            try:
                client.sendall(data)
            except OSError:
                pass
        return bool(data)

    def _to_line(self, client):
        """False when the client is gone."""
        try:
            data = client.recv(4096)
            view = data
            while view:
                view = view[os.write(self._fd, view):]
        except OSError:
            return False
        return bool(data)

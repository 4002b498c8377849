# SPDX-License-Identifier: GPL-3.0-or-later
"""A UNIX socket of the host that stands for one inside a rig.

Each client gets a connection of its own there (`agent connect PATH`), and an
end on one side, a killed client included, is an end on the other. Who connects
after another one has hung up comes after that one's end in the rig, too.
"""
import select
import socket
import threading


def _hung_up(client):
    poll = select.poll()
    try:
        poll.register(client, 0)
    except ValueError:  # it is closed here, too
        return True
    return bool(poll.poll(0))


class Tunnel:
    def __init__(self, place, remote, path):
        """Listens on @path of the host for @remote of @place, until close()."""
        self.path = path
        self._place = place
        self._remote = remote
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        # shutdown() wakes the thread that is in accept(); close() alone would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        before = []
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            before = [b for b in before if not self._has_ended(*b)]
            far = self._place.spawn(["agent", "connect", self._remote], title=f"to {self._remote}")
            before.append((client, far))
            threading.Thread(target=self._to_place, args=(client, far), daemon=True).start()
            threading.Thread(target=self._to_client, args=(client, far), daemon=True).start()

    @staticmethod
    def _has_ended(client, far):
        """Whether @client has hung up, and its end has come to the other side."""
        if _hung_up(client):
            try:
                far.wait()
            except Exception:  # the place has died: the next one will hear of it
                pass
        return far.status is not None

    @staticmethod
    def _to_place(client, far):
        try:
            while data := client.recv(4096):
                far.write(data)
        except OSError:
            pass
        far.close_stdin()

    @staticmethod
    def _to_client(client, far):
        def send(data):
            try:
                client.sendall(data)
            except OSError:
                pass

        far.copy_stdout(send)
        try:
            far.wait(None)
        except Exception:  # the place has died: nothing more will come
            pass
        # shutdown() is the end that the client sees: the other thread may be in recv().
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.close()
